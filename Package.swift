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

let package = Package(
    name: "ScopeProxy",
    products: [.executable(name: "scopeproxy", targets: ["ScopeProxy"])],
    targets: [
        .systemLibrary(name: "CLibSSL", path: "Sources/CLibSSL"),
        .systemLibrary(name: "CLinux", path: "Sources/CLinux"),
        .target(name: "ProxyCore", dependencies: ["CLibSSL", "CLinux"], swiftSettings: strict),
        .executableTarget(name: "ScopeProxy", dependencies: ["ProxyCore"], swiftSettings: strict),
        .testTarget(name: "ProxyCoreTests", dependencies: ["ProxyCore"], swiftSettings: strict),
    ]
)
