/// Why a head is refused. Nothing of it is repaired, since somebody behind us would repair it differently; the
/// connection cannot be used further, because where the next message begins is unknown or untrusted.
package enum HeadError: Error, Sendable, Equatable, CaseIterable {
    case bareCarriageReturn
    case bareLineFeed
    case connectMethod
    case contentLengthWithTransferEncoding
    case controlCharacter
    case disguisedFramingField
    case emptyFieldName
    case emptyPath
    case forbiddenTrailer
    case headTooLong
    case hostMismatch
    case invalidContentLength
    case invalidFieldName
    case invalidHost
    case invalidMethod
    case invalidTarget
    case invalidTransferEncoding
    case lineFolding
    case malformedStatusLine
    case malformedVersion
    case methodTooLong
    case missingColon
    case missingHost
    case repeatedContentLength
    case repeatedHost
    case spaceBeforeColon
    case targetTooLong
    case tooManyFields
    case traceMethod
    case transferEncodingInHTTP10
    case unsupportedExpectation
    case unsupportedTargetForm
    case unsupportedTransferCoding
    case unsupportedVersion

    /// The status that answers such a request. (A response with such a head is a failure of the upstream: 502.)
    package var status: Int {
        switch self {
        case .connectMethod: 405
        case .targetTooLong: 414
        case .unsupportedExpectation: 417
        case .headTooLong, .tooManyFields: 431
        case .methodTooLong, .traceMethod, .unsupportedTransferCoding: 501
        case .unsupportedVersion: 505
        case .bareCarriageReturn, .bareLineFeed, .contentLengthWithTransferEncoding, .controlCharacter,
            .disguisedFramingField, .emptyFieldName, .emptyPath, .forbiddenTrailer, .hostMismatch,
            .invalidContentLength, .invalidFieldName, .invalidHost, .invalidMethod, .invalidTarget,
            .invalidTransferEncoding, .lineFolding, .malformedStatusLine, .malformedVersion, .missingColon,
            .missingHost, .repeatedContentLength, .repeatedHost, .spaceBeforeColon, .transferEncodingInHTTP10,
            .unsupportedTargetForm:
            400
        }
    }

    /// What to call it in a log line: fixed text, never bytes of the peer's.
    package var reason: StaticString {
        switch self {
        case .bareCarriageReturn: "bare_carriage_return"
        case .bareLineFeed: "bare_line_feed"
        case .connectMethod: "connect_method"
        case .contentLengthWithTransferEncoding: "content_length_with_transfer_encoding"
        case .controlCharacter: "control_character"
        case .disguisedFramingField: "disguised_framing_field"
        case .emptyFieldName: "empty_field_name"
        case .emptyPath: "empty_path"
        case .forbiddenTrailer: "forbidden_trailer"
        case .headTooLong: "head_too_long"
        case .hostMismatch: "host_mismatch"
        case .invalidContentLength: "invalid_content_length"
        case .invalidFieldName: "invalid_field_name"
        case .invalidHost: "invalid_host"
        case .invalidMethod: "invalid_method"
        case .invalidTarget: "invalid_target"
        case .invalidTransferEncoding: "invalid_transfer_encoding"
        case .lineFolding: "line_folding"
        case .malformedStatusLine: "malformed_status_line"
        case .malformedVersion: "malformed_version"
        case .methodTooLong: "method_too_long"
        case .missingColon: "missing_colon"
        case .missingHost: "missing_host"
        case .repeatedContentLength: "repeated_content_length"
        case .repeatedHost: "repeated_host"
        case .spaceBeforeColon: "space_before_colon"
        case .targetTooLong: "target_too_long"
        case .tooManyFields: "too_many_fields"
        case .traceMethod: "trace_method"
        case .transferEncodingInHTTP10: "transfer_encoding_in_http_1_0"
        case .unsupportedExpectation: "unsupported_expectation"
        case .unsupportedTargetForm: "unsupported_target_form"
        case .unsupportedTransferCoding: "unsupported_transfer_coding"
        case .unsupportedVersion: "unsupported_version"
        }
    }
}
