import ProxyCore
import XCTest

/// A server's certificate in files, and what callers need to trust it. The files can be written anew.
final class TLSFiles {
    let certificates = TestCertificates()
    let directory = TemporaryDirectory()

    /// - Parameter names: of the certificate.
    init(_ names: [String] = ["api.example"]) {
        write(names)
        directory.write(String(decoding: certificates.authority.pem, as: UTF8.self), to: "ca.pem")
    }

    /// A fresh certificate for these names, in place of the one before.
    func write(_ names: [String], to name: String = "server") {
        let issued = certificates.issue(.server, names)
        directory.write(String(decoding: issued.certificate, as: UTF8.self), to: "\(name).pem")
        directory.write(String(decoding: issued.privateKey, as: UTF8.self), to: "\(name).key")
    }

    /// What `listen` says, with further members of `tls`.
    func listen(_ more: String = "") -> String {
        """
        {"address": "127.0.0.1:0", "tls": {
          "certificate": "\(directory.path("server.pem"))", "private_key": "\(directory.path("server.key"))"\(
            more.isEmpty ? "" : ", " + more)
        }}
        """
    }

    func client(
        _ name: String = "api.example", identity: TLSIdentity? = nil, version: TLSVersion = .tls13
    ) throws -> TLSClientContext {
        try TLSClientContext(.host(name), trust: certificates.trust, identity: identity, versionMax: version)
    }

    /// A proxy that lets everybody through, over TLS.
    func proxy(
        _ upstream: ScriptedUpstream, tls: String = "", _ more: String = "", workers: Int = 1
    ) throws -> ProxyFixture {
        try ProxyFixture(
            upstream.url, routes: #"{"path": "/{rest...}", "public": true}"#, more, workers: workers,
            listen: listen(tls))
    }
}
