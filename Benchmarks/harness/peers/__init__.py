"""One module for each kind of proxy: how it is configured to do the same job, and started."""
