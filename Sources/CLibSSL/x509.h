// The part of libcrypto's X.509 that is macros, or needs a type that Swift cannot see.
#pragma once
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <time.h>

// Nobody sits there to be asked for a password; notes that one was wanted.
static inline int clibssl_no_password(char *buffer, int size, int writing, void *asked) {
    (void)buffer;
    (void)size;
    (void)writing;
    if (asked != NULL) *(int *)asked = 1;
    return -1;
}

static inline EVP_PKEY *clibssl_read_private_key(BIO *bio, int *is_encrypted) {
    return PEM_read_bio_PrivateKey(bio, NULL, clibssl_no_password, is_encrypted);
}

static inline X509 *clibssl_read_certificate(BIO *bio) {
    return PEM_read_bio_X509(bio, NULL, clibssl_no_password, NULL);
}

// --- Stacks ---

static inline STACK_OF(X509) *clibssl_certificates_new(void) { return sk_X509_new_null(); }
static inline int clibssl_certificates_push(STACK_OF(X509) *stack, X509 *certificate) {
    return sk_X509_push(stack, certificate);
}
static inline void clibssl_certificates_free(STACK_OF(X509) *stack) { sk_X509_pop_free(stack, X509_free); }

// The names of every certificate in `store`, for the list that a server sends with its request for one. None when they
// take more than `max` bytes there.
static inline int clibssl_announce_authorities(SSL_CTX *context, X509_STORE *store, int max) {
    STACK_OF(X509_OBJECT) *objects = X509_STORE_get0_objects(store);
    long long bytes = 0;
    for (int i = 0; i < sk_X509_OBJECT_num(objects); i++) {
        X509 *certificate = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, i));
        if (certificate == NULL) continue;
        int length = i2d_X509_NAME(X509_get_subject_name(certificate), NULL);
        if (length < 0) return 0;
        bytes += 2 + length;
        if (bytes > max) return 0;
    }
    for (int i = 0; i < sk_X509_OBJECT_num(objects); i++) {
        X509 *certificate = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, i));
        if (certificate != NULL && SSL_CTX_add_client_CA(context, certificate) != 1) return 0;
    }
    return 1;
}

// --- What a certificate says ---

static inline int clibssl_print_name(BIO *bio, const X509_NAME *name) {
    return X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
}

static inline long long clibssl_unix_time(const ASN1_TIME *time) {
    struct tm parts;
    return ASN1_TIME_to_tm(time, &parts) == 1 ? (long long)timegm(&parts) : -1;
}

static inline GENERAL_NAMES *clibssl_subject_names(X509 *certificate) {
    return (GENERAL_NAMES *)X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
}
static inline void clibssl_subject_names_free(GENERAL_NAMES *names) { GENERAL_NAMES_free(names); }
static inline int clibssl_subject_name_count(const GENERAL_NAMES *names) { return sk_GENERAL_NAME_num(names); }

// The bytes of name `index` when it is a DNS name, or when it is an address; they live as long as `names`.
static inline const unsigned char *clibssl_host_name(const GENERAL_NAMES *names, int index, int *count) {
    const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, index);
    if (name->type != GEN_DNS) return NULL;
    *count = ASN1_STRING_length(name->d.dNSName);
    return ASN1_STRING_get0_data(name->d.dNSName);
}
static inline const unsigned char *clibssl_address(const GENERAL_NAMES *names, int index, int *count) {
    const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, index);
    if (name->type != GEN_IPADD) return NULL;
    *count = ASN1_STRING_length(name->d.iPAddress);
    return ASN1_STRING_get0_data(name->d.iPAddress);
}

// --- Making certificates ---

static inline int clibssl_add_extension(X509 *certificate, X509 *issuer, int nid, const char *value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    if (extension == NULL) return 0;
    int added = X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    return added;
}

static inline int clibssl_add_common_name(X509_NAME *name, const char *text) {
    return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)text, -1, -1, 0);
}

static inline int clibssl_write_private_key(BIO *bio, const EVP_PKEY *key) {
    return PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
}

static inline long clibssl_memory_bytes(BIO *bio, char **bytes) { return BIO_get_mem_data(bio, bytes); }
