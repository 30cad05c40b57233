import Glibc
import ProxyCore
import XCTest

/// Certificates for one test, made on the spot.
struct TestCertificates {
    let authority = CertificateAuthority.make(name: "Test CA", now: Clock.unixTime())

    var trust: TrustStore {
        get throws {
            let pem = authority.pem
            return try TrustStore(pem: pem.span)
        }
    }

    func issue(
        _ use: CertificateAuthority.Use = .server, _ names: [String] = ["api.example"], addresses: [IPAddress] = [],
        notBefore: UnixTime? = nil, lifetime: Interval = .seconds(86_400)
    ) -> IssuedCertificate {
        authority.issue(
            use, hostNames: names, addresses: addresses, now: Clock.unixTime(), notBefore: notBefore,
            lifetime: lifetime)
    }

    func identity(
        _ use: CertificateAuthority.Use = .server, _ names: [String] = ["api.example"], addresses: [IPAddress] = [],
        notBefore: UnixTime? = nil, lifetime: Interval = .seconds(86_400)
    ) throws -> TLSIdentity {
        try issue(use, names, addresses: addresses, notBefore: notBefore, lifetime: lifetime).identity
    }
}

extension IssuedCertificate {
    var identity: TLSIdentity {
        get throws {
            let (certificate, key) = (certificate, privateKey)
            return try TLSIdentity(certificates: certificate.span, privateKey: key.span)
        }
    }
}

/// Both ends of a TLS connection, over a pair of sockets. Every wait is bounded.
final class TLSPair {
    let sockets: SocketPair
    let client: TLSSession
    let server: TLSSession
    /// What each end met with, if anything.
    private(set) var clientFailure: TLSFailure?
    private(set) var serverFailure: TLSFailure?

    /// - Parameter socketBytes: how much the sockets hold of what is sent, if not what the system takes.
    init(_ server: TLSServerContext, _ client: TLSClientContext, socketBytes: Int32? = nil) throws {
        sockets = try SocketPair()
        if var bytes = socketBytes {
            for raw in [sockets.near.raw, sockets.far.raw] {
                unsafe setsockopt(raw, SOL_SOCKET, SO_SNDBUF, &bytes, socklen_t(MemoryLayout<Int32>.size))
            }
        }
        self.client = TLSSession(client, socket: sockets.near)
        self.server = TLSSession(server, socket: sockets.far)
    }

    /// Turns both ends until they are done or one has failed; then the other one until it knows.
    func shakeHands() {
        var (clientDone, serverDone) = (false, false)
        for _ in 0..<10_000 where !(clientDone && serverDone) {
            if !clientDone {
                do throws(TLSFailure) { clientDone = try client.handshake() == .done } catch {
                    clientFailure = error
                    clientDone = true
                }
            }
            if !serverDone {
                do throws(TLSFailure) { serverDone = try server.handshake() == .done } catch {
                    serverFailure = error
                    serverDone = true
                }
            }
        }
        XCTAssertTrue(clientDone && serverDone, "the handshake did not end")
    }

    /// Sends `bytes` from one end to the other, and returns what came there.
    func carry(_ bytes: [UInt8], from sender: TLSSession, to receiver: TLSSession) throws -> [UInt8] {
        let (output, input) = (ByteBuffer(capacity: 65_536), ByteBuffer(capacity: 65_536))
        var (sent, received) = (0, [UInt8]())
        for _ in 0..<1_000_000 where received.count < bytes.count {
            let piece = bytes[sent..<min(bytes.count, sent + output.room)]
            output.append(Array(piece).span)
            sent += piece.count
            if !output.isEmpty { _ = try sender.send(from: output) }
            _ = try receiver.receive(into: input)
            received += (0..<input.count).map { input.readable[$0] }
            input.removeAll()
        }
        XCTAssertEqual(received.count, bytes.count, "not all came")
        return received
    }

    /// What the next bytes, the end or the failure at that end are. Waits for them.
    func next(_ session: TLSSession) throws(TLSFailure) -> IOResult {
        let buffer = ByteBuffer(capacity: 65_536)
        for _ in 0..<100_000 {
            let result = try session.receive(into: buffer)
            if result != .wouldBlock { return result }
        }
        XCTFail("nothing came")
        return .wouldBlock
    }

    func failure(of session: TLSSession) -> TLSFailure? {
        do throws(TLSFailure) { _ = try next(session) } catch { return error }
        return nil
    }
}
