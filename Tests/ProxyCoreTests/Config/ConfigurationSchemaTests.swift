import Foundation
import ProxyCore
import XCTest

/// The schema names the keys that the loader knows, each with a description. That it judges files alike is for
/// `scripts/check-schema` to see.
final class ConfigurationSchemaTests: XCTestCase {
    func testTheSchemaHasTheKeysOfTheLoader() throws {
        let root = try schema().root
        let properties = try XCTUnwrap(root["properties"])
        let definitions = try XCTUnwrap(root["$defs"])
        let issuer = definitions["issuer"]
        let route = definitions["route"]
        let objects: [String: JSONValue?] = [
            "the top level": root, "listen": properties["listen"]?["anyOf"]?.elements.last,
            "listen.tls": definitions["listenTLS"],
            "listen.tls.certificates": definitions["listenTLS"]?["properties"]?["certificates"]?["items"],
            "upstream": definitions["upstream"], "upstream.tls": definitions["upstream"]?["properties"]?["tls"],
            "an issuer": issuer,
            "key_refresh": issuer?["properties"]?["key_refresh"], "a route": route,
            "a route's limits": route?["properties"]?["limits"],
            "a route's timeouts": route?["properties"]?["timeouts"],
            "identity_headers": properties["identity_headers"], "limits": properties["limits"],
            "timeouts": properties["timeouts"], "log": properties["log"],
            "egress": properties["egress"], "a target of egress": definitions["egressTarget"],
            "a target's token": definitions["egressToken"],
        ]
        XCTAssertEqual(Set(ConfigurationSection.all.map(\.name)), Set(objects.keys))
        for section in ConfigurationSection.all {
            let object = try XCTUnwrap(objects[section.name].flatMap { $0 }, section.name)
            let keys = object["properties"]?.members.compactMap(\.key.string) ?? []
            XCTAssertEqual(Set(keys), Set(section.keys), section.name)
            XCTAssertEqual(object["additionalProperties"]?.bool, false, section.name)
        }
    }

    func testTheIssuersSchemaHasTheKeysOfTheLoader() throws {
        let root = try schema("issuer.schema.json").root
        let properties = try XCTUnwrap(root["properties"])
        for section in ConfigurationSection.allOfIssuer {
            let object =
                switch section.name {
                case "the top level": root
                case "listen": try XCTUnwrap(properties["listen"]?["anyOf"]?.elements.last)
                case "listen.tls": try XCTUnwrap(root["$defs"]?["listenTLS"])
                case "listen.tls.certificates":
                    try XCTUnwrap(root["$defs"]?["listenTLS"]?["properties"]?["certificates"]?["items"])
                case _: try XCTUnwrap(properties[section.name], section.name)
                }
            let keys = object["properties"]?.members.compactMap(\.key.string) ?? []
            XCTAssertEqual(Set(keys), Set(section.keys), section.name)
            XCTAssertEqual(object["additionalProperties"]?.bool, false, section.name)
        }
    }

    func testEveryKeyOfTheSchemasIsDescribed() throws {
        XCTAssertGreaterThan(try describedKeys(of: try schema()), 60)
        XCTAssertGreaterThan(try describedKeys(of: try schema("issuer.schema.json")), 30)
    }

    private func describedKeys(of document: JSONDocument) throws -> Int {
        var pending = [document.root]
        var count = 0
        while let value = pending.popLast() {
            pending += value.elements + value.members.map(\.value)
            guard let properties = value["properties"], value["additionalProperties"]?.bool == false else { continue }
            for (key, property) in properties.members {
                count += 1
                let reference = property["$ref"]?.string?.split(separator: "/").last.map(String.init)
                let definition = reference.flatMap { document.root["$defs"]?[$0] }
                let description = property["description"]?.string ?? definition?["description"]?.string ?? ""
                XCTAssertFalse(description.isEmpty, key.string ?? "")
            }
        }
        return count
    }

    private func schema(_ name: String = "routes.schema.json") throws -> JSONDocument {
        var root = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { root.deleteLastPathComponent() }
        let bytes = try FileReader.bytes(root.appendingPathComponent(name).path)
        return try JSONDocument(parsing: bytes)
    }
}
