import ProxyCore

// Nothing else belongs here: a closure written at this level is bound to the main actor, and dies on another thread.
CurrentProcess.exit(Command.main(CommandLine.arguments))
