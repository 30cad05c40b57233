// OpenSSL 3 for Swift: the headers, and as static inline functions the macros that Swift cannot import.
// Only the room OpenSSL imports this.
#pragma once
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

// Key generation is variadic in OpenSSL 3, which Swift cannot call.
static inline EVP_PKEY *clibssl_generate_rsa(unsigned int bits) { return EVP_RSA_gen(bits); }
static inline EVP_PKEY *clibssl_generate_ec(const char *curve) { return EVP_EC_gen(curve); }
static inline EVP_PKEY *clibssl_generate_ed25519(void) { return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"); }

static inline int clibssl_public_key_selection(void) { return EVP_PKEY_PUBLIC_KEY; }

#include "tls.h"
#include "x509.h"
