/// A request to the authorization server, with what is known of who makes it.
struct IssuerCall {
    let request: ServiceRequest
    /// nil for a call that did not come over the network.
    let peer: IPAddress?
    let now: UnixTime

    /// The certificate that the caller has shown on this connection; nil for none.
    var certificate: CallerCertificate? { request.certificate }
}

extension ClientCertificate {
    /// True when `shown` is the certificate that is meant.
    func accepts(_ shown: CallerCertificate) -> Bool {
        // By its bytes: what Unicode calls equivalent is another name.
        switch self {
        case .subject(let name): shown.subject.utf8.elementsEqual(name.utf8)
        case .thumbprint(let digest): shown.thumbprint == digest
        }
    }
}
