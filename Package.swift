// swift-tools-version: 6.2
import PackageDescription

/// Every target of ours is held to the same rules: Swift 6 language mode, no warnings, and each unsafe expression
/// spelled `unsafe`, so that a search for that word is the list of what an auditor has to read.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    // Lets a buffer lend its bytes as a `Span` property instead of through a closure.
    .enableExperimentalFeature("Lifetimes"),
]

/// In release mode the tests try the optimized proxy. Optimizing the tests themselves would take minutes and try nothing.
let unoptimized: [SwiftSetting] = [.unsafeFlags(["-Onone"], .when(configuration: .release))]

/// Tests of a debug build can stand between the program and the kernel (`System/KernelStandIn.swift`); C headers are told
/// the same. A release build has nothing of it.
let faultInjection: [SwiftSetting] = [
    .define("FAULT_INJECTION", .when(configuration: .debug)),
    .unsafeFlags(["-Xcc", "-DFAULT_INJECTION"], .when(configuration: .debug)),
]

/// A release binary carries the Swift runtime, libstdc++ and libgcc in itself, so that the machine that it is copied to
/// needs libssl, libcrypto and libc only; those stay shared, for their security updates come from the distribution.
/// `scripts/build` checks the result. Debug builds and tests link as usual.
let selfContained: [LinkerSetting] = [
    .unsafeFlags(
        [
            "-static-stdlib",
            "-Xclang-linker", "-static-libgcc",
            // The driver's own -lstdc++ finds the empty linker script that lies there, and then the archive counts.
            "-L\(Context.packageDirectory)/scripts/link",
            "-Xlinker", "-l:libstdc++.a",
            // Small: only what is reached, nothing exported, no symbol table.
            "-Xlinker", "--gc-sections", "-Xlinker", "--no-export-dynamic", "-Xlinker", "-s",
            // Hardened: what the loader has resolved is read-only from then on.
            "-Xlinker", "-z", "-Xlinker", "relro", "-Xlinker", "-z", "-Xlinker", "now",
        ], .when(configuration: .release))
]

let package = Package(
    name: "ScopeProxy",
    products: [.executable(name: "scopeproxy", targets: ["ScopeProxy"])],
    targets: [
        .systemLibrary(name: "CLibSSL", path: "Sources/CLibSSL"),
        .systemLibrary(name: "CLinux", path: "Sources/CLinux"),
        .target(name: "ProxyCore", dependencies: ["CLibSSL", "CLinux"], swiftSettings: strict + faultInjection),
        .executableTarget(
            name: "ScopeProxy", dependencies: ["ProxyCore"], swiftSettings: strict, linkerSettings: selfContained),
        // Linked as the product is, so that it times the same code.
        .executableTarget(
            name: "Microbenchmarks", dependencies: ["ProxyCore"], path: "Benchmarks/Microbenchmarks", swiftSettings: strict,
            linkerSettings: selfContained),
        .testTarget(
            name: "ProxyCoreTests", dependencies: ["ProxyCore"], exclude: ["Config/Fixtures", "Token/Fixtures"],
            swiftSettings: strict + faultInjection + unoptimized),
    ]
)
