import Foundation
import Glibc
import ProxyCore
import XCTest

final class TLSSessionTests: XCTestCase {
    private let certificates = TestCertificates()
    private let versions: [TLSVersion] = [.tls12, .tls13]

    private func server(
        _ identities: [TLSIdentity]? = nil, _ clients: ClientCertificates = .none,
        tickets: TicketKeyRing = TicketKeyRing()
    ) throws -> TLSServerContext {
        try TLSServerContext(
            identities: identities ?? [certificates.identity()], clientCertificates: clients, tickets: tickets)
    }

    private func client(
        _ name: TLSServerName = .host("api.example"), identity: TLSIdentity? = nil, version: TLSVersion = .tls13,
        trust: TrustStore? = nil
    ) throws -> TLSClientContext {
        try TLSClientContext(name, trust: trust ?? certificates.trust, identity: identity, versionMax: version)
    }

    func testBothVersionsCarryBytesBothWays() throws {
        for version in versions {
            let pair = try TLSPair(server(), client(version: version))
            pair.shakeHands()
            XCTAssertNil(pair.clientFailure)
            XCTAssertNil(pair.serverFailure)
            XCTAssertEqual(pair.client.version, version)
            XCTAssertEqual(pair.server.version, version)
            XCTAssertTrue(pair.server.isEstablished)
            XCTAssertNil(pair.server.peerCertificateThumbprint)
            let (there, back) = (Array("there".utf8), Array("and back".utf8))
            XCTAssertEqual(try pair.carry(there, from: pair.client, to: pair.server), there)
            XCTAssertEqual(try pair.carry(back, from: pair.server, to: pair.client), back)
            XCTAssertFalse(pair.server.hasPending)
        }
    }

    func testMuchInTinySteps() throws {
        for version in versions {
            let pair = try TLSPair(server(), client(version: version), socketBytes: 2048)
            pair.shakeHands()
            let bytes = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
            XCTAssertTrue(try pair.carry(bytes, from: pair.client, to: pair.server) == bytes)
            XCTAssertTrue(try pair.carry(bytes, from: pair.server, to: pair.client) == bytes)
        }
    }

    /// Around the size from which their names do not fit into a request for a certificate.
    func testManyAuthorities() throws {
        let now = Clock.unixTime()
        let name = String(repeating: "a", count: 58)
        // 79 bytes each.
        let others = (0..<840).map { CertificateAuthority.make(name: "\(name)\(100_000 + $0)", now: now).pem }
        let identity = try certificates.identity(.client, ["daemon"])
        for count in [0, 815, 820, 822, 824, 826, 828, 829, 830, 840] {
            let bundle = certificates.authority.pem + others.prefix(count).flatMap(\.self)
            let server = try server(nil, .required(TrustStore(pem: bundle.span)))
            for version in versions {
                let pair = try TLSPair(server, client(identity: identity, version: version))
                pair.shakeHands()
                XCTAssertNil(pair.serverFailure, "\(count) authorities")
                XCTAssertNil(pair.clientFailure, "\(count) authorities")
                XCTAssertNotNil(pair.server.peerCertificateThumbprint)
            }
        }
    }

    func testAShortReadIsSeenAsTheEndOfWhatIsThere() throws {
        let pair = try TLSPair(server(), client())
        pair.shakeHands()
        let output = ByteBuffer(capacity: 100)
        output.append("0123456789".utf8.span)
        XCTAssertEqual(try pair.client.send(from: output), .bytes(10))
        let small = ByteBuffer(capacity: 4)
        XCTAssertEqual(try pair.next(pair.server), .bytes(10))
        XCTAssertTrue(pair.server.isDrained)
        output.append("0123456789".utf8.span)
        XCTAssertEqual(try pair.client.send(from: output), .bytes(10))
        var result = IOResult.wouldBlock
        for _ in 0..<100_000 where result == .wouldBlock { result = try pair.server.receive(into: small) }
        XCTAssertEqual(result, .bytes(4))
        XCTAssertTrue(pair.server.hasPending)
        XCTAssertFalse(pair.server.isDrained)
        XCTAssertEqual(try pair.next(pair.server), .bytes(6))
        XCTAssertFalse(pair.server.hasPending)
        XCTAssertFalse(pair.server.isDrained, "nobody has looked at the socket again")
        XCTAssertEqual(try pair.server.receive(into: small), .wouldBlock)
    }

    /// What comes while bytes of before still wait inside has been told of by the loop, which will not do so again.
    func testAReadFromWhatIsInsideSaysNothingOfTheSocket() throws {
        for version in versions {
            let pair = try TLSPair(server(), client(version: version))
            pair.shakeHands()
            let output = ByteBuffer(capacity: 100)
            for piece in ["one", "two"] {
                output.append(Array(piece.utf8).span)
                XCTAssertEqual(try pair.client.send(from: output), .bytes(3))
            }
            try Patience(until: .never, cancel: WakeUp()).atMost(.seconds(20)).awaitReadable(pair.sockets.far)
            XCTAssertEqual(try pair.next(pair.server), .bytes(3))
            XCTAssertTrue(pair.server.hasPending)
            output.append("three".utf8.span)
            XCTAssertEqual(try pair.client.send(from: output), .bytes(5))
            XCTAssertEqual(try pair.next(pair.server), .bytes(3))
            XCTAssertFalse(pair.server.isDrained)
            XCTAssertEqual(try pair.next(pair.server), .bytes(5))
            XCTAssertTrue(pair.server.isDrained)
        }
    }

    /// A peer that sends nothing but what is TLS's own would have us work for nobody, and OpenSSL never returns.
    func testAFloodOfNewKeysIsAnError() throws {
        // A byte now and then makes it no better.
        for keysPerByte in [20, 100_000] {
            let pair = try TLSPair(server(), client())
            pair.shakeHands()
            let (output, input) = (ByteBuffer(capacity: 1), ByteBuffer(capacity: 100))
            var failure: TLSFailure?
            for number in 1...20_000 where failure == nil {
                pair.client.changeKeys()
                if number % keysPerByte == 0 {
                    output.append("x".utf8.span)
                    _ = try pair.client.send(from: output)
                }
                do throws(TLSFailure) { _ = try pair.server.receive(into: input) } catch { failure = error }
                input.removeAll()
            }
            XCTAssertEqual(failure, .connection(Errno(code: EPROTO, call: "recv")), "\(keysPerByte)")
        }
    }

    func testNewKeysNowAndThenAreFine() throws {
        let pair = try TLSPair(server(), client())
        pair.shakeHands()
        let output = ByteBuffer(capacity: 1)
        for _ in 0..<1000 {
            for _ in 0..<5 { pair.client.changeKeys() }
            output.append("x".utf8.span)
            XCTAssertEqual(try pair.client.send(from: output), .bytes(1))
            XCTAssertEqual(try pair.next(pair.server), .bytes(1))
        }
    }

    func testCloseNotifyIsAnEndAndClosingIsNot() throws {
        for version in versions {
            let orderly = try TLSPair(server(), client(version: version))
            orderly.shakeHands()
            orderly.client.sendCloseNotify()
            XCTAssertEqual(try orderly.next(orderly.server), .endOfStream)
            // The other direction is still open.
            let bytes = Array("answer".utf8)
            XCTAssertEqual(try orderly.carry(bytes, from: orderly.server, to: orderly.client), bytes)
            orderly.server.sendCloseNotify()
            XCTAssertEqual(try orderly.next(orderly.client), .endOfStream)

            let rude = try TLSPair(server(), client(version: version))
            rude.shakeHands()
            Socket.shutdownSending(rude.sockets.near)
            XCTAssertEqual(rude.failure(of: rude.server), .truncated)
        }
    }

    func testTheEndOfTheConnectionInTheHandshake() throws {
        let pair = try TLSPair(server(), client())
        XCTAssertEqual(try pair.client.handshake(), .wantsRead)
        Socket.shutdownSending(pair.sockets.near)
        pair.shakeHands()
        XCTAssertEqual(pair.serverFailure, .closedInHandshake)
        XCTAssertEqual(pair.serverFailure?.isDisconnect, true)
    }

    func testAPeerThatHasGoneIsAnErrorAndNoSignal() throws {
        let sockets = try SocketPair()
        var client: TLSSession? = TLSSession(try self.client(), socket: sockets.near)
        XCTAssertEqual(try client?.handshake(), .wantsRead)
        Socket.shutdownSending(sockets.near)
        shutdown(sockets.near.raw, Int32(SHUT_RDWR))
        client = nil
        let late = TLSSession(try self.client(), socket: sockets.near)
        XCTAssertThrowsError(try late.handshake()) {
            XCTAssertEqual($0 as? TLSFailure, .connection(Errno(code: EPIPE, call: "send")))
        }
    }

    func testWhatIsNoTLS() throws {
        let rows: [(String, TLSFailure)] = [
            ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", .plainHTTP), ("CONNECT a:1 HTTP/1.1\r\n\r\n", .plainHTTP),
            ("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", .notTLS), (String(repeating: "\0", count: 64), .notTLS),
        ]
        for (text, expected) in rows {
            let pair = try TLSPair(server(), client())
            let bytes = ByteBuffer(capacity: 1000)
            bytes.append(text.utf8.span)
            _ = try Socket.send(pair.sockets.near, from: bytes)
            var failure: TLSFailure?
            for _ in 0..<100_000 where failure == nil {
                do throws(TLSFailure) { _ = try pair.server.handshake() } catch { failure = error }
            }
            XCTAssertEqual(failure, expected, text)
        }
    }

    // MARK: - Certificates

    func testAGoodCertificate() throws {
        let address = IPAddress(v4: 0x7F00_0001)
        let six = try XCTUnwrap(IPAddress("::1"))
        let identity = try certificates.identity(
            .server, ["api.example", "*.wild.example"], addresses: [address, six])
        XCTAssertEqual(identity.summary.hostNames, ["api.example", "*.wild.example"])
        XCTAssertEqual(identity.summary.addresses, [address, six])
        XCTAssertEqual(identity.summary.subject, "CN=api.example")
        XCTAssertEqual(identity.summary.issuer, "CN=Test CA")
        for name in [
            TLSServerName.host("api.example"), .host("API.example"), .host("a.wild.example"), .address(address),
            .address(six),
        ] {
            let pair = try TLSPair(server([identity]), client(name))
            pair.shakeHands()
            XCTAssertNil(pair.clientFailure, "\(name)")
        }
    }

    func testBadCertificates() throws {
        let now = Clock.unixTime()
        let stranger = TestCertificates()
        let (start, end) = (UnixTime(now.seconds + 86_400), UnixTime(now.seconds - 86_400))
        let rows: [(TLSIdentity, CertificateProblem)] = [
            (
                try certificates.identity(notBefore: UnixTime(end.seconds - 60), lifetime: .seconds(60)),
                .expired(subject: "CN=api.example", end)
            ),
            (try certificates.identity(notBefore: start), .notYetValid(subject: "CN=api.example", start)),
            (
                try certificates.identity(.server, ["other.example"], addresses: [IPAddress(v4: 1)]),
                .nameMismatch(wanted: "api.example", names: ["other.example", "0.0.0.1"])
            ),
            (try stranger.identity(), .unknownIssuer(subject: "CN=api.example", issuer: "CN=Test CA")),
            (try certificates.identity(.client), .wrongPurpose(subject: "CN=api.example")),
        ]
        for version in versions {
            for (identity, problem) in rows {
                let pair = try TLSPair(server([identity]), client(version: version))
                pair.shakeHands()
                XCTAssertEqual(pair.clientFailure, .certificate(problem))
                // The server learns of it, too; under TLS 1.3 with the first thing that it reads.
                let told = pair.serverFailure ?? pair.failure(of: pair.server)
                guard case .refusedByPeer = told else { return XCTFail("\(String(describing: told))") }
            }
        }
    }

    func testTheNameOfACertificateIsNotItsSubject() throws {
        let pair = try TLSPair(
            server([certificates.identity(.server, ["other.example"])]), client(.address(IPAddress(v4: 0x7F00_0001))))
        pair.shakeHands()
        XCTAssertEqual(
            pair.clientFailure?.description, "the certificate is not for 127.0.0.1 but for other.example")
    }

    func testClientCertificates() throws {
        let trust = try certificates.trust
        let good = certificates.issue(.client, ["daemon"])
        let (ours, theirs) = (try good.identity, try TestCertificates().identity(.client, ["daemon"]))
        for version in versions {
            for clients in [ClientCertificates.requested(trust), .required(trust)] {
                let pair = try TLSPair(server(nil, clients), client(identity: ours, version: version))
                pair.shakeHands()
                XCTAssertNil(pair.serverFailure)
                XCTAssertNotNil(pair.server.peerCertificateThumbprint)
                let stranger = try TLSPair(server(nil, clients), client(identity: theirs, version: version))
                stranger.shakeHands()
                XCTAssertEqual(
                    stranger.serverFailure,
                    .certificate(.unknownIssuer(subject: "CN=daemon", issuer: "CN=Test CA")))
            }
            let without = try TLSPair(server(nil, .requested(trust)), client(version: version))
            without.shakeHands()
            XCTAssertNil(without.serverFailure)
            XCTAssertNil(without.server.peerCertificateThumbprint)
            let refused = try TLSPair(server(nil, .required(trust)), client(version: version))
            refused.shakeHands()
            XCTAssertEqual(refused.serverFailure, .certificateMissing)
            let told = refused.clientFailure ?? refused.failure(of: refused.client)
            XCTAssertEqual(told, .refusedByPeer(alert: version == .tls13 ? 116 : 40))
        }
    }

    func testTheThumbprintIsThatOfTheCertificate() throws {
        let good = certificates.issue(.client, ["daemon"])
        let text = String(decoding: good.certificate, as: UTF8.self)
        let base64 = text.split(separator: "\n").filter { !$0.hasPrefix("-") }.joined()
        let der = Array(try XCTUnwrap(Data(base64Encoded: base64)))
        let digest = Digest.sha256(der.span)
        let pair = try TLSPair(server(nil, .required(certificates.trust)), client(identity: good.identity))
        pair.shakeHands()
        XCTAssertEqual(pair.server.peerCertificateThumbprint, CertificateThumbprint(digest: digest.span))
    }

    func testCertificatesAreChosenByName() throws {
        let identities = try [["first.example"], ["second.example", "*.second.example"]].map {
            try certificates.identity(.server, $0)
        }
        let context = try server(identities)
        let rows: [(String, Bool)] = [
            ("first.example", true), ("second.example", true), ("SECOND.example", true), ("a.second.example", true),
            ("a.b.second.example", false), ("third.example", false),
        ]
        for version in versions {
            for (name, isServed) in rows {
                let pair = try TLSPair(context, client(.host(name), version: version))
                pair.shakeHands()
                XCTAssertEqual(pair.clientFailure == nil, isServed, name)
                if !isServed {
                    XCTAssertEqual(
                        pair.clientFailure, .certificate(.nameMismatch(wanted: name, names: ["first.example"])))
                }
            }
        }
    }
}
