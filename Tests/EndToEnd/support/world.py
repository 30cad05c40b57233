"""What all tests share: one nginx."""

import functools

from support.upstream import Nginx


@functools.cache
def nginx():
    return Nginx()


def close():
    if nginx.cache_info().currsize:
        nginx().close()
