import ProxyCore

// Nothing else belongs here: a closure written at this level is bound to the main actor.
CurrentProcess.exit(MicroCommand.main(CommandLine.arguments))
