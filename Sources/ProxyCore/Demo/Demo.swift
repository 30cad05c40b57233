/// How the demo is to be run.
package struct DemoOptions: Sendable {
    /// The file whose rules are shown.
    package var file = "routes.json"
    /// End after the walk instead of staying up.
    package var endsAfterWalk = false
    /// Everything over https, with certificates of an authority that lives as long as the demo.
    package var usesTLS = false
    /// How the program was called, for what to type next.
    package var program = "scopeproxy"
    /// Whoever reads it can show colours.
    package var isColored = false

    package init() {}
}

/// `scopeproxy demo`: the three roles on this machine, and the story that they tell.
package enum Demo {
    /// Runs the demo; blocks until it has ended. `say` gets finished lines, escape sequences for colours included.
    ///
    /// Returns whether every answer was as told.
    package static func run(_ options: DemoOptions, say: ([String]) -> Void) throws(DemoError) -> Bool {
        let configuration: Configuration
        do throws(ConfigurationProblems) {
            configuration = try ConfigurationLoader().load(options.file)
        } catch {
            throw .configuration(error)
        }
        if options.endsAfterWalk {
            let servers = try DemoServers(configuration, usesTLS: options.usesTLS)
            defer { servers.stop() }
            return try show(servers, options, say)
        }
        // Before any thread is started: they all inherit that these signals are blocked.
        let signals = try openSignals()
        let servers = try DemoServers(configuration, usesTLS: options.usesTLS)
        defer { servers.stop() }
        let isAsTold = try show(servers, options, say)
        say(DemoPage(isColored: options.isColored).invitation(options))
        while let signal = signals.wait(orUntil: servers.ended), signal != .terminate {}
        return isAsTold
    }

    private static func openSignals() throws(DemoError) -> SignalReader {
        do throws(Errno) { return try SignalReader() } catch { throw .system(error) }
    }

    private static func show(
        _ servers: DemoServers, _ options: DemoOptions, _ say: ([String]) -> Void
    ) throws(DemoError) -> Bool {
        var walk: DemoWalk
        do throws(Errno) { walk = try DemoWalk(servers) } catch { throw .system(error) }
        try walk.awaitKeys()
        let page = DemoPage(isColored: options.isColored)
        say(page.opening(servers, rules: options.file))
        let steps = DemoStory.steps(servers.clients, hasCertificates: options.usesTLS)
        var differing = 0
        for (index, step) in steps.enumerated() {
            let outcome = walk.perform(step)
            if !outcome.differences.isEmpty { differing += 1 }
            say(page.step(index + 1, outcome))
        }
        say(page.rotationOpening)
        let rotation: DemoRotation.Outcome
        do throws(Errno) { rotation = try DemoRotation(servers).run() } catch { throw .system(error) }
        say(page.rotation(rotation))
        say(page.ending(count: steps.count, differing: differing, rotation))
        return differing == 0 && rotation.isAsTold
    }
}
