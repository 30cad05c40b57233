/// Reads `listen`: `"address:port"`, or an object; and `admin`: `"address:port"`.
enum ListenReader {
    static func read(_ value: ConfigurationValue) -> (address: SocketAddress, tls: ListenTLSSettings?)? {
        if value.json.kind != .object {
            guard value.isString else { return value.mismatch("\"address:port\" or an object") }
            return readAddress(value).map { ($0, nil) }
        }
        guard let object = value.object(.listen) else { return nil }
        let address = object.required("address", "missing: \"address:port\"").flatMap(readAddress)
        // What is to be encrypted must not be served in the clear because it could not be read.
        guard let value = object["tls"] else { return address.map { ($0, nil) } }
        let tls = ListenTLSReader.read(value)
        guard let address, let tls else { return nil }
        return (address, tls)
    }

    static func readAddress(_ value: ConfigurationValue) -> SocketAddress? {
        guard let text = value.text() else { return nil }
        if text.utf8.starts(with: "unix:".utf8) {
            value.report("listening on a Unix socket is not supported: name an address and a port")
            return nil
        }
        // `::1:8080` is an IPv6 address without its brackets, and another mistake.
        if text.utf8.first == ASCII.asterisk || (text.utf8.first == ASCII.colon && !text.utf8.starts(with: "::".utf8)) {
            value.report("name the address: 0.0.0.0 for every IPv4 interface, [::] for IPv6 as well")
            return nil
        }
        guard let parts = AddressText(text), let port = parts.port else {
            value.report("expected \"address:port\", like 127.0.0.1:8080 or [::1]:8080; port 0 takes any free one")
            return nil
        }
        if parts.host == "localhost" { return .ip(IPAddress(v4: 0x7F00_0001), port: port) }
        guard let address = IPAddress(parts.host) else {
            value.report("expected an IP address before the port, or localhost: other names are not looked up")
            return nil
        }
        return .ip(address, port: port)
    }
}
