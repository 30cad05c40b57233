/// Answers that the endpoints have in common.
enum EndpointAnswer {
    /// RFC 6749 section 5.2.
    static func refused(_ error: TokenRequestError) -> ServiceResponse {
        var fields = notStored
        // RFC 9110 section 15.5.2: a 401 says how one can authenticate.
        if error.status == 401 { fields.append(ServiceResponse.Field("WWW-Authenticate", "Basic realm=\"token\"")) }
        if let seconds = error.retryAfter { fields.append(ServiceResponse.Field("Retry-After", "\(seconds)")) }
        return .json(status: error.status, fields: fields) { json in
            json.beginObject()
            json.key("error")
            json.string(error.code)
            json.key("error_description")
            json.string(error.description)
            json.endObject()
        }
    }

    static let notStored = [
        ServiceResponse.Field("Cache-Control", "no-store"), ServiceResponse.Field("Pragma", "no-cache"),
    ]
}
