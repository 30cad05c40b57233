/// A signing key as it is kept: a JSON object `{"alg": …, "created": …, "activates": …, "private_key": …}` in a file
/// named for the key. Written once and never changed: which key signs, and which ones are published, follows from the
/// times of all of them, so that there is no state that an end in between could leave half done.
package struct SigningKeyFile: Sendable {
    /// Why a file is no key.
    package enum Problem: Error, Sendable, Equatable {
        case directory(PrivateDirectory.Problem)
        case damaged

        package var message: String {
            switch self {
            case .directory(let problem): problem.message
            case .damaged: "it is not a signing key as this program writes them"
            }
        }
    }

    package let algorithm: SignatureAlgorithm
    package let created: UnixTime
    package let activates: UnixTime
    package let keyID: String
    private let pem: SecretBytes

    private static let bytesMax = 65_536
    static let suffix = ".key.json"

    /// The algorithms that tokens are signed with, and the keys that are made for them.
    package static func kind(for algorithm: SignatureAlgorithm) -> PrivateKey.Kind? {
        switch algorithm {
        case .es256: .p256
        case .rs256, .rs384, .rs512, .ps256, .ps384, .ps512: .rsa2048
        case .edDSA, .ed25519: .ed25519
        case .es384, .es512, .ed448: nil
        }
    }

    /// A new key. For RSA this takes a while.
    package init(new algorithm: SignatureAlgorithm, created: UnixTime, activates: UnixTime) {
        guard let kind = Self.kind(for: algorithm) else { preconditionFailure("no key can be made for it") }
        let key = PrivateKey.generate(kind)
        self.algorithm = algorithm
        self.created = created
        self.activates = activates
        keyID = SigningKey.thumbprint(of: key.material)
        pem = key.pem
    }

    /// The key in the file `name` of `directory`.
    package init(_ name: String, in directory: PrivateDirectory) throws(Problem) {
        let bytes: [UInt8]
        do throws(PrivateDirectory.Problem) {
            bytes = try directory.read(name, bytesMax: Self.bytesMax)
        } catch {
            throw .directory(error)
        }
        guard let root = try? JSONDocument(parsing: bytes).root, let algorithmName = root["alg"]?.stringBytes,
            let algorithm = SignatureAlgorithm(name: algorithmName.span),
            let created = root["created"]?.string.flatMap(Timestamp.parse),
            let activates = root["activates"]?.string.flatMap(Timestamp.parse),
            let pem = root["private_key"]?.stringBytes, let key = PrivateKey(pem: pem.span),
            key.material.resolve(algorithm) != nil
        else { throw .damaged }
        self.algorithm = algorithm
        self.created = created
        self.activates = activates
        self.pem = SecretBytes(copying: pem.span)
        keyID = SigningKey.thumbprint(of: key.material)
    }

    /// Ready to sign.
    package var signingKey: SigningKey {
        guard let key = PrivateKey(pem: pem.span) else { preconditionFailure("it was one before") }
        return SigningKey(key, algorithm, activates: activates)
    }

    var place: SigningKeySchedule.Place { SigningKeySchedule.Place(algorithm, activates: activates) }

    package var name: String { keyID + Self.suffix }

    package func write(to directory: PrivateDirectory) throws(Errno) {
        var json = JSONWriter()
        json.beginObject()
        json.key("alg")
        json.string(algorithm.name)
        json.key("created")
        json.string(Timestamp.text(created))
        json.key("activates")
        json.string(Timestamp.text(activates))
        json.key("private_key")
        json.string(pem.span)
        json.endObject()
        try FileWriter.replace(directory.path(of: name), with: JSONIndent.lines(json.bytes))
    }
}
