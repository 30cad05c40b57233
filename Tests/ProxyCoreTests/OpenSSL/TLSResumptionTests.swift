import ProxyCore
import Synchronization
import XCTest

final class TLSResumptionTests: XCTestCase {
    private let certificates = TestCertificates()

    /// A connection with something said on it, so that the client has its ticket; true when it resumed a session.
    private func connect(_ server: TLSServerContext, _ client: TLSClientContext, line: UInt = #line) throws -> Bool {
        let pair = try TLSPair(server, client)
        pair.shakeHands()
        XCTAssertNil(pair.clientFailure, line: line)
        XCTAssertNil(pair.serverFailure, line: line)
        let bytes = Array("hello".utf8)
        XCTAssertEqual(try pair.carry(bytes, from: pair.server, to: pair.client), bytes, line: line)
        XCTAssertEqual(pair.client.isResumed, pair.server.isResumed, line: line)
        return pair.server.isResumed
    }

    private func client(_ version: TLSVersion, identity: TLSIdentity? = nil) throws -> TLSClientContext {
        try TLSClientContext(
            .host("api.example"), trust: certificates.trust, identity: identity, versionMax: version)
    }

    func testSessionsSurviveAChangeOfTheCertificate() throws {
        for version in [TLSVersion.tls12, .tls13] {
            let tickets = TicketKeyRing()
            let client = try client(version)
            let before = try TLSServerContext(identities: [certificates.identity()], tickets: tickets)
            XCTAssertFalse(try connect(before, client))
            XCTAssertTrue(try connect(before, client))
            XCTAssertTrue(try connect(before, client))
            let after = try TLSServerContext(identities: [certificates.identity()], tickets: tickets)
            XCTAssertTrue(try connect(after, client))
            let stranger = try TLSServerContext(identities: [certificates.identity()], tickets: TicketKeyRing())
            XCTAssertFalse(try connect(stranger, client))
        }
    }

    func testKeysAreUsedForOnePeriodAndAcceptedForAnother() throws {
        let hour: UInt64 = 3_600_000_000_000
        let clock = Mutex<UInt64>(1000 * hour)
        let tickets = TicketKeyRing(period: .seconds(12 * 3600)) { Instant(nanoseconds: clock.withLock { $0 }) }
        let context = try TLSServerContext(identities: [certificates.identity()], tickets: tickets)
        // A client whose ticket is of the beginning, at each of these ages; and one that comes again and again.
        let rows: [(hours: UInt64, isResumed: Bool)] = [(1, true), (11, true), (13, true), (23, true), (25, false)]
        let olds = try rows.map { _ in try client(.tls13) }
        let regular = try client(.tls13)
        for old in olds { XCTAssertFalse(try connect(context, old)) }
        XCTAssertFalse(try connect(context, regular))
        for (row, old) in zip(rows, olds) {
            clock.withLock { $0 = (1000 + row.hours) * hour }
            XCTAssertEqual(try connect(context, old), row.isResumed, "\(row.hours)")
            XCTAssertTrue(try connect(context, regular), "\(row.hours)")
        }
        clock.withLock { $0 = 2000 * hour }
        XCTAssertFalse(try connect(context, regular))
    }

    func testNoSessionOutlivesTheCertificateThatBeganIt() throws {
        let tickets = TicketKeyRing()
        let hourAgo = UnixTime(Clock.unixTime().seconds - 3600)
        let brief = Interval.seconds(3603)
        let briefServer = try TLSServerContext(
            identities: [certificates.identity(notBefore: hourAgo, lifetime: brief)], tickets: tickets)
        let server = try TLSServerContext(
            identities: [certificates.identity()], clientCertificates: .required(certificates.trust), tickets: tickets)
        let identity = try certificates.identity(.client, ["someone"], notBefore: hourAgo, lifetime: brief)
        let versions = [TLSVersion.tls12, .tls13]
        let strangers = try versions.map { try client($0) }
        let clients = try versions.map { try client($0, identity: identity) }
        for (stranger, client) in zip(strangers, clients) {
            XCTAssertFalse(try connect(briefServer, stranger))
            XCTAssertFalse(try connect(server, client))
        }
        let patience = Patience(until: .never, cancel: try WakeUp())
        while Clock.unixTime().seconds <= hourAgo.seconds + 3603 {
            try patience.atMost(.milliseconds(50)).awaitDeadline()
        }
        for (stranger, client) in zip(strangers, clients) {
            let pair = try TLSPair(briefServer, stranger)
            pair.shakeHands()
            XCTAssertEqual(pair.clientFailure?.code.description, "certificate_expired")
            let other = try TLSPair(server, client)
            other.shakeHands()
            XCTAssertEqual(other.serverFailure?.code.description, "certificate_expired")
        }
    }

    func testAnotherRuleForClientCertificatesEndsSessions() throws {
        for version in [TLSVersion.tls12, .tls13] {
            let tickets = TicketKeyRing()
            let identity = try certificates.identity()
            let client = try client(version, identity: certificates.identity(.client, ["daemon"]))
            let trust = try certificates.trust
            let two = certificates.authority.pem + TestCertificates().authority.pem
            let more = try TrustStore(pem: two.span)
            let required = try TLSServerContext(
                identities: [identity], clientCertificates: .required(trust), tickets: tickets)
            XCTAssertFalse(try connect(required, client))
            XCTAssertTrue(try connect(required, client))
            let others = try TLSServerContext(
                identities: [identity], clientCertificates: .required(more), tickets: tickets)
            XCTAssertFalse(try connect(others, client))
            let requested = try TLSServerContext(
                identities: [identity], clientCertificates: .requested(more), tickets: tickets)
            XCTAssertFalse(try connect(requested, client))
        }
    }

    func testAResumedSessionHasItsCertificate() throws {
        for version in [TLSVersion.tls12, .tls13] {
            let identity = try certificates.identity(.client, ["daemon"])
            let client = try client(version, identity: identity)
            let context = try TLSServerContext(
                identities: [certificates.identity()], clientCertificates: .required(certificates.trust),
                tickets: TicketKeyRing())
            XCTAssertFalse(try connect(context, client))
            let pair = try TLSPair(context, client)
            pair.shakeHands()
            XCTAssertTrue(pair.server.isResumed)
            XCTAssertNotNil(pair.server.peerCertificateThumbprint)
        }
    }
}
