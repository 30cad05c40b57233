/// `verify`: the signature layer alone.
struct VerifyCommand {
    /// What `--alg` says.
    private enum Wanted {
        case any
        case only(SignatureAlgorithm)
        /// A registered algorithm under which nothing is valid here.
        case refused
    }

    private static let keysOption = CommandOption(
        name: "jwks", value: "FILE", help: "the key set (RFC 7517) that has to hold the key", isRequired: true)
    private static let algorithmOption = CommandOption(
        name: "alg", value: "NAME", help: "accept this signature algorithm only, as in ES256")

    static let syntax = CommandSyntax(
        name: "verify", summary: "check the signature of one token",
        description: [
            "Reads one JWS in compact serialization from standard input, and checks its signature under the rules "
                + "that the proxy holds tokens to. Claims, such as the expiry, are not looked at.",
            "Prints `valid` with the algorithm and the key, or on standard error `invalid` with the reason.",
        ],
        options: [keysOption, algorithmOption],
        example: "printf %s \"$TOKEN\" | scopeproxy verify --jwks keys.json",
        statuses: [
            (.success, "the signature is valid"), (.failure, "it is not"),
            (.usage, "the arguments are wrong, or FILE is not a readable key set"),
        ])

    private let keysFile: String
    private let wanted: Wanted

    /// More than any token that a server would take.
    private static let tokenBytesMax = 1 << 20
    /// The registered names (RFC 7518 section 3.1, RFC 8812 section 3.2) that the proxy never accepts.
    private static let refusedNames = ["none", "HS256", "HS384", "HS512", "ES256K"]

    init(_ arguments: CommandArguments) throws(UsageError) {
        keysFile = arguments[Self.keysOption] ?? ""
        wanted = try Self.wanted(arguments[Self.algorithmOption])
    }

    func run(_ console: Console) -> ExitStatus {
        let keys: KeySet
        do throws(KeyFetchFailure) { keys = try readKeys() } catch {
            console.complain("scopeproxy verify: \(keysFile): \(error.message)")
            return .usage
        }
        do throws(Errno) {
            let input = try console.readInput(bytesMax: Self.tokenBytesMax + 2)
            return check(InputFile.withoutLineEnd(input), keys, console)
        } catch {
            if error.isFileTooLarge { return refuse(.tooLong, console) }
            console.complain("scopeproxy verify: cannot read standard input: \(error.message)")
            return .software
        }
    }

    private func check(_ token: [UInt8], _ keys: KeySet, _ console: Console) -> ExitStatus {
        let algorithm: SignatureAlgorithm?
        switch wanted {
        case .any: algorithm = nil
        case .only(let wanted): algorithm = wanted
        case .refused: return refuse(.unsupportedAlgorithm, console)
        }
        do throws(TokenError) {
            let key = try SignatureCheck.verify(
                compact: token.span, keys: keys, algorithm: algorithm, maxBytes: Self.tokenBytesMax)
            let header = try CompactToken(parsing: token.span, maxBytes: Self.tokenBytesMax)
            let keyID = key.keyID.map { " kid=\(String(decoding: $0, as: UTF8.self))" } ?? ""
            console.say("valid alg=\(header.algorithm.name)\(keyID)")
            return .success
        } catch {
            return refuse(error, console)
        }
    }

    private func refuse(_ error: TokenError, _ console: Console) -> ExitStatus {
        let reason =
            switch error {
            case .noMatchingKey: "The key set holds no key for the token"
            case .algorithmNotAllowed: "The token is not signed with the algorithm that was asked for"
            case _: error.description.description
            }
        console.complain("invalid: \(reason)")
        return .failure
    }

    private func readKeys() throws(KeyFetchFailure) -> KeySet {
        let bytes: [UInt8]
        do throws(Errno) {
            bytes = try FileReader.bytes(keysFile, bytesMax: KeySet.bytesMax)
        } catch {
            throw .file(error)
        }
        do throws(KeySetError) { return try KeySet.parse(bytes) } catch { throw .notAKeySet(error) }
    }

    private static func wanted(_ name: String?) throws(UsageError) -> Wanted {
        guard let name else { return .any }
        if let algorithm = SignatureAlgorithm.allCases.first(where: { $0.name.description == name }) {
            return .only(algorithm)
        }
        if refusedNames.contains(name) { return .refused }
        let names = SignatureAlgorithm.allCases.map(\.name.description)
        throw .invalidValue(
            algorithmOption.usage, reason: "there is no signature algorithm \(name)",
            nearest: EditDistance.nearest(to: name, among: names))
    }
}
