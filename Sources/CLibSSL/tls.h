// The part of libssl that is macros, and the socket below a TLS connection.
#pragma once
#include <errno.h>
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <string.h>
#include <sys/socket.h>

// --- The socket ---
// A BIO of our own, for three reasons: MSG_NOSIGNAL, so that a peer that has gone is an error and no SIGPIPE; the errno of
// the call, which is overwritten by the time that OpenSSL has returned; and whether a read has emptied the socket, which
// saves the read that would only say so.
struct clibssl_socket {
    int descriptor;
    // The errno that ended reading or writing, or 0.
    int read_error;
    int write_error;
    // The peer has closed its sending side.
    int ended;
    // The last read, since it was last asked to forget earlier ones, got less than it had room for.
    int drained;
    // How many bytes may still come that are nobody's data.
    long patience;
    // The TLSSession, for the callbacks.
    void *owner;
};

// OpenSSL reads on without end while nothing comes but what is TLS's own: changes of keys, of which each costs some 20 µs,
// or refused renegotiations. Meanwhile every other connection waits. A handshake takes less than this, with
// the longest chain that OpenSSL accepts (100 KiB) and the longest list of authorities (64 KiB); tickets, and a record of
// which a part has come, take less than that.
static const long clibssl_patience_in_handshake = 192 * 1024;
static const long clibssl_patience_max = 48 * 1024;

static inline struct clibssl_socket *clibssl_socket_of(const SSL *ssl) {
    return (struct clibssl_socket *)BIO_get_data(SSL_get_rbio(ssl));
}

// Debug builds let a test stand between the socket and the kernel: System/KernelStandIn.swift.
#ifdef FAULT_INJECTION
ssize_t scopeproxy_recv(int descriptor, void *bytes, size_t count, int flags);
ssize_t scopeproxy_send(int descriptor, const void *bytes, size_t count, int flags);
#else
#define scopeproxy_recv recv
#define scopeproxy_send send
#endif

static inline int clibssl_socket_read(BIO *bio, char *bytes, int count) {
    struct clibssl_socket *place = (struct clibssl_socket *)BIO_get_data(bio);
    ssize_t moved;
    BIO_clear_retry_flags(bio);
    if (place->patience <= 0) {
        place->read_error = EPROTO;
        return -1;
    }
    do moved = scopeproxy_recv(place->descriptor, bytes, (size_t)count, 0);
    while (moved < 0 && errno == EINTR);
    place->drained = moved < count;
    if (moved > 0) {
        place->patience -= moved;
        return (int)moved;
    }
    if (moved == 0) {
        place->ended = 1;
        return 0;
    }
    if (errno == EAGAIN) BIO_set_retry_read(bio);
    else place->read_error = errno;
    return -1;
}

static inline int clibssl_socket_write(BIO *bio, const char *bytes, int count) {
    struct clibssl_socket *place = (struct clibssl_socket *)BIO_get_data(bio);
    ssize_t moved;
    BIO_clear_retry_flags(bio);
    do moved = scopeproxy_send(place->descriptor, bytes, (size_t)count, MSG_NOSIGNAL);
    while (moved < 0 && errno == EINTR);
    if (moved >= 0) return (int)moved;
    if (errno == EAGAIN) BIO_set_retry_write(bio);
    else place->write_error = errno;
    return -1;
}

static inline long clibssl_socket_control(BIO *bio, int command, long number, void *pointer) {
    (void)number;
    (void)pointer;
    switch (command) {
    case BIO_CTRL_FLUSH: return 1;
    case BIO_CTRL_EOF: return ((struct clibssl_socket *)BIO_get_data(bio))->ended;
    default: return 0;
    }
}

static inline int clibssl_socket_destroy(BIO *bio) {
    OPENSSL_free(BIO_get_data(bio));
    return 1;
}

// Made once for the process; NULL when out of memory.
static inline BIO_METHOD *clibssl_socket_method(void) {
    BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket without signals");
    if (method == NULL) return NULL;
    BIO_meth_set_read(method, clibssl_socket_read);
    BIO_meth_set_write(method, clibssl_socket_write);
    BIO_meth_set_ctrl(method, clibssl_socket_control);
    BIO_meth_set_destroy(method, clibssl_socket_destroy);
    return method;
}

// Puts `ssl` on a socket, whose descriptor stays the caller's. 0 when out of memory.
static inline int clibssl_set_socket(SSL *ssl, const BIO_METHOD *method, int descriptor, void *owner) {
    struct clibssl_socket *place = (struct clibssl_socket *)OPENSSL_zalloc(sizeof *place);
    if (place == NULL) return 0;
    place->descriptor = descriptor;
    place->patience = clibssl_patience_in_handshake;
    place->owner = owner;
    BIO *bio = BIO_new(method);
    if (bio == NULL) {
        OPENSSL_free(place);
        return 0;
    }
    BIO_set_data(bio, place);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl, bio, bio);
    return 1;
}

static inline int clibssl_socket_ended(const SSL *ssl) { return clibssl_socket_of(ssl)->ended; }
static inline int clibssl_socket_drained(const SSL *ssl) { return clibssl_socket_of(ssl)->drained; }
static inline void clibssl_socket_forget_reads(const SSL *ssl) { clibssl_socket_of(ssl)->drained = 0; }
static inline void clibssl_socket_handshake_done(const SSL *ssl) {
    clibssl_socket_of(ssl)->patience = clibssl_patience_max;
}
// So many bytes of data came. What is around them is covered too, and a few changes of keys.
static inline void clibssl_socket_data_came(const SSL *ssl, long bytes) {
    struct clibssl_socket *place = clibssl_socket_of(ssl);
    long patience = place->patience + 2 * bytes + 256;
    place->patience = patience < clibssl_patience_max ? patience : clibssl_patience_max;
}
static inline int clibssl_socket_read_error(const SSL *ssl) { return clibssl_socket_of(ssl)->read_error; }
static inline int clibssl_socket_write_error(const SSL *ssl) { return clibssl_socket_of(ssl)->write_error; }
static inline void *clibssl_owner(const SSL *ssl) { return clibssl_socket_of(ssl)->owner; }

static inline void *clibssl_verification_owner(X509_STORE_CTX *verification) {
    return clibssl_owner((SSL *)X509_STORE_CTX_get_ex_data(verification, SSL_get_ex_data_X509_STORE_CTX_idx()));
}

// --- Contexts ---

// What is the same for callers and for servers. 0 when this libssl lacks what we ask for.
static inline int clibssl_configure(SSL_CTX *context, const char *ciphers, const char *suites, const char *groups) {
    // The order of ciphers is the server's, but for callers who prefer ChaCha20, since they lack an instruction for AES.
    // What the system's openssl.cnf may have set: a stream that was cut off is never a whole one here.
    SSL_CTX_clear_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_options(context,
        SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_mode(context,
        SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(context, 1);
    // RSA keys of 2048 bits and more, no SHA-1 signatures; some distributions set less, and some more.
    if (SSL_CTX_get_security_level(context) < 2) SSL_CTX_set_security_level(context, 2);
    return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1
        && SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1
        && SSL_CTX_set_cipher_list(context, ciphers) == 1
        && SSL_CTX_set_ciphersuites(context, suites) == 1
        && SSL_CTX_set1_groups_list(context, groups) == 1;
}

static inline void clibssl_limit_version(SSL_CTX *context, int version) {
    SSL_CTX_set_max_proto_version(context, version);
}

static inline void clibssl_use_no_session_cache(SSL_CTX *context) {
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
}

// New sessions go to the callback and nowhere else.
static inline void clibssl_report_new_sessions(SSL_CTX *context, int (*report)(SSL *, SSL_SESSION *)) {
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context, report);
}

static inline void clibssl_set_name_callback(SSL_CTX *context, int (*choose)(SSL *, int *, void *)) {
    SSL_CTX_set_tlsext_servername_callback(context, choose);
}

static inline int clibssl_set_server_name(SSL *ssl, const char *name) {
    return (int)SSL_set_tlsext_host_name(ssl, name);
}

// --- Session tickets ---

static inline void clibssl_set_ticket_callback(SSL_CTX *context,
    int (*choose)(SSL *, unsigned char *, unsigned char *, EVP_CIPHER_CTX *, EVP_MAC_CTX *, int)) {
    SSL_CTX_set_tlsext_ticket_key_evp_cb(context, choose);
}

// AES-256-CBC and HMAC-SHA-256 (RFC 5077 section 4, with a longer key). `iv` is written when `encrypt`, else read.
static inline int clibssl_begin_ticket(EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, const unsigned char *cipher_key,
    unsigned char *mac_key, size_t mac_key_bytes, unsigned char *iv, int encrypt) {
    char digest[] = "SHA256";
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, mac_key, mac_key_bytes),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    if (encrypt && RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1) return 0;
    return EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), NULL, cipher_key, iv, encrypt) == 1
        && EVP_MAC_CTX_set_params(mac, parameters) == 1;
}

// --- ALPN (RFC 7301): the one protocol that is spoken here ---

static const unsigned char clibssl_http11[] = "\x08http/1.1";

static inline int clibssl_choose_protocol(SSL *ssl, const unsigned char **chosen, unsigned char *chosen_bytes,
    const unsigned char *offered, unsigned int offered_bytes, void *unused) {
    (void)ssl;
    (void)unused;
    for (unsigned int at = 0; at < offered_bytes; at += 1u + offered[at]) {
        if (offered[at] != 8 || offered_bytes - at < 9 || memcmp(offered + at, clibssl_http11, 9) != 0) continue;
        *chosen = offered + at + 1;
        *chosen_bytes = 8;
        return SSL_TLSEXT_ERR_OK;
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static inline void clibssl_choose_http11(SSL_CTX *context) {
    SSL_CTX_set_alpn_select_cb(context, clibssl_choose_protocol, NULL);
}

// 0 is success here, unlike elsewhere.
static inline int clibssl_offer_http11(SSL_CTX *context) {
    return SSL_CTX_set_alpn_protos(context, clibssl_http11, 9);
}
