// handshakes PORT SECONDS full|resumed 1.2|1.3 REQUEST-FILE: TLS handshakes with loopback, one connection after the other.
//
// Each connection shakes hands, says goodbye and is closed; no request is sent on it. For `resumed`, one connection
// before them sends the request and reads its answer, so that a ticket has come, and all others resume that session.
// Prints one line of JSON. A handshake that fails, or that resumes when it should not or does not when it should, ends
// the program.

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static SSL_SESSION *newest;

static void stop(const char *what) {
    fprintf(stderr, "handshakes: %s\n", what);
    ERR_print_errors_fp(stderr);
    exit(1);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

static int keep(SSL *ssl, SSL_SESSION *session) {
    (void)ssl;
    SSL_SESSION_free(newest);
    newest = session;
    return 1;
}

static SSL *shake(SSL_CTX *context, int port, SSL_SESSION *session) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int one = 1, peer = socket(AF_INET, SOCK_STREAM, 0);
    if (peer < 0 || connect(peer, (struct sockaddr *)&address, sizeof address) != 0) stop("cannot connect");
    setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    SSL *ssl = SSL_new(context);
    // A copy: the library lets each session of TLS 1.3 be resumed once only.
    SSL_SESSION *copy = session ? SSL_SESSION_dup(session) : NULL;
    if (!ssl || !SSL_set_fd(ssl, peer) || (copy && !SSL_set_session(ssl, copy))) stop("out of memory");
    SSL_SESSION_free(copy);
    if (SSL_connect(ssl) != 1) stop("no handshake");
    return ssl;
}

static void leave(SSL *ssl) {
    // Reset, so that no port is left waiting.
    struct linger gone = {1, 0};
    int peer = SSL_get_fd(ssl);
    SSL_shutdown(ssl);
    setsockopt(peer, SOL_SOCKET, SO_LINGER, &gone, sizeof gone);
    SSL_free(ssl);
    close(peer);
}

static void fetch_ticket(SSL_CTX *context, int port, const char *name) {
    char bytes[16384];
    FILE *file = fopen(name, "r");
    size_t length = file ? fread(bytes, 1, sizeof bytes, file) : 0;
    if (!length) stop("no request");
    fclose(file);
    SSL *ssl = shake(context, port, NULL);
    if (SSL_write(ssl, bytes, (int)length) != (int)length || SSL_read(ssl, bytes, sizeof bytes) <= 0) stop("no answer");
    leave(ssl);
    if (!newest) stop("no ticket came");
}

int main(int count, char **arguments) {
    if (count != 6) stop("see the source for the arguments");
    int port = atoi(arguments[1]), resumes = !strcmp(arguments[3], "resumed");
    int version = strcmp(arguments[4], "1.2") ? TLS1_3_VERSION : TLS1_2_VERSION;
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (!context) stop("out of memory");
    SSL_CTX_set_min_proto_version(context, version);
    SSL_CTX_set_max_proto_version(context, version);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context, keep);
    if (resumes) fetch_ticket(context, port, arguments[5]);
    long made = 0;
    double begin = now(), end = begin + atof(arguments[2]);
    for (; now() < end; made++) {
        SSL *ssl = shake(context, port, resumes ? newest : NULL);
        if (SSL_session_reused(ssl) != resumes) stop(resumes ? "not resumed" : "resumed");
        leave(ssl);
    }
    printf("{\"requests\": %ld, \"requests_per_second\": %.1f}\n", made, made / (now() - begin));
    return 0;
}
