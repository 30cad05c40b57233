// pace PORT RATE SECONDS CONNECTIONS REQUEST-FILE: sends the request at a fixed rate over kept connections to loopback.
//
// An open loop: requests are due at fixed times whether or not earlier ones were answered, and latency counts from the
// time at which a request was due, so a slow answer cannot make the load lighter or hide its delay in later requests.
// Prints one line of JSON. The first half second is not counted in the percentiles.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { RECEIVED = 1 << 18, EVENTS = 256 };

struct connection {
    int socket;
    int64_t due;      // of the request under way
    size_t received;  // bytes of its answer so far
    char answer[RECEIVED];
};

static struct connection *connections;
static int *idle, idleCount;    // a ring of the connections that wait for work, longest first
static int idleFirst, capacity;
static char *request;
static size_t requestLength;

static void stop(const char *what) {
    fprintf(stderr, "pace: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static int order(const void *left, const void *right) {
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

static void putIdle(int index) { idle[(idleFirst + idleCount++) % capacity] = index; }

static int takeIdle(void) {
    int index = idle[idleFirst];
    idleFirst = (idleFirst + 1) % capacity;
    idleCount--;
    return index;
}

static void readRequest(const char *name) {
    FILE *file = fopen(name, "rb");
    request = malloc(1 << 20);
    if (!file || !request) stop(name);
    requestLength = fread(request, 1, 1 << 20, file);
    fclose(file);
}

static int connectAll(int port) {
    int poll = epoll_create1(0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (int index = 0; index < capacity; index++) {
        int on = 1, made = socket(AF_INET, SOCK_STREAM, 0);
        if (made < 0 || connect(made, (struct sockaddr *)&address, sizeof address)) stop("connect");
        setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        fcntl(made, F_SETFL, O_NONBLOCK);
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)index};
        if (epoll_ctl(poll, EPOLL_CTL_ADD, made, &event)) stop("epoll_ctl");
        connections[index].socket = made;
        putIdle(index);
    }
    return poll;
}

// Whether the whole answer is there; it has to say its length.
static int isWhole(struct connection *connection) {
    connection->answer[connection->received] = 0;
    char *end = strstr(connection->answer, "\r\n\r\n");
    if (!end) return 0;
    char *length = strcasestr(connection->answer, "\r\ncontent-length:");
    if (!length || length > end) errno = EPROTO, stop("an answer without Content-Length");
    return connection->received >= (size_t)(end + 4 - connection->answer) + strtoul(length + 17, NULL, 10);
}

// Whether the answer is complete now.
static int receive(struct connection *connection) {
    ssize_t got = recv(connection->socket, connection->answer + connection->received,
                       RECEIVED - 1 - connection->received, 0);
    if (got < 0 && errno == EAGAIN) return 0;
    if (got <= 0) stop("receive");
    connection->received += (size_t)got;
    return isWhole(connection);
}

static void sendDue(int64_t due) {
    int index = takeIdle();
    struct connection *connection = &connections[index];
    connection->due = due;
    connection->received = 0;
    if (send(connection->socket, request, requestLength, MSG_NOSIGNAL) != (ssize_t)requestLength) stop("send");
}

static void report(int64_t *latencies, long counted, long sent, long refused) {
    static const double shares[] = {0.5, 0.9, 0.99, 0.999};
    static const char *names[] = {"p50_us", "p90_us", "p99_us", "p999_us"};
    if (counted == 0) errno = ETIME, stop("nothing was answered");
    qsort(latencies, (size_t)counted, sizeof *latencies, order);
    printf("{\"requests\": %ld, \"refused\": %ld", sent, refused);
    for (int index = 0; index < 4; index++)
        printf(", \"%s\": %.1f", names[index], (double)latencies[(long)(shares[index] * (double)(counted - 1))] / 1e3);
    printf(", \"max_us\": %.1f}\n", (double)latencies[counted - 1] / 1e3);
}

int main(int count, char **arguments) {
    if (count != 6) return fprintf(stderr, "pace PORT RATE SECONDS CONNECTIONS REQUEST-FILE\n"), 2;
    double rate = atof(arguments[2]), seconds = atof(arguments[3]);
    long total = (long)(rate * seconds), sent = 0, answered = 0, counted = 0, refused = 0;
    capacity = atoi(arguments[4]);
    connections = calloc((size_t)capacity, sizeof *connections);
    idle = calloc((size_t)capacity, sizeof *idle);
    int64_t *latencies = calloc((size_t)total, sizeof *latencies);
    if (total < 1 || capacity < 1 || !connections || !idle || !latencies) errno = EINVAL, stop("arguments");
    readRequest(arguments[5]);
    // By default the kernel may wake us 50 microseconds late.
    prctl(PR_SET_TIMERSLACK, 1);
    int poll = connectAll(atoi(arguments[1]));
    int64_t begin = now() + 10000000, interval = (int64_t)(1e9 / rate);
    int64_t warm = begin + (seconds > 1 ? 500000000 : 0), give_up = begin + (int64_t)(seconds * 1e9) + 5000000000;
    while (answered < total && now() < give_up) {
        while (sent < total && idleCount > 0 && begin + sent * interval <= now()) {
            sendDue(begin + sent * interval);
            sent++;
        }
        // Until an answer comes or the next request is due; with all connections busy, only an answer helps.
        int64_t wait = sent < total && idleCount > 0 ? begin + sent * interval - now() : 1000000000;
        if (wait < 0) wait = 0;
        struct timespec timeout = {.tv_sec = wait / 1000000000, .tv_nsec = wait % 1000000000};
        struct epoll_event events[EVENTS];
        int ready = epoll_pwait2(poll, events, EVENTS, &timeout, NULL);
        if (ready < 0 && errno != EINTR) stop("epoll_pwait2");
        for (int index = 0; index < ready; index++) {
            struct connection *connection = &connections[events[index].data.u32];
            if (!receive(connection)) continue;
            if (connection->due >= warm) latencies[counted++] = now() - connection->due;
            if (strncmp(connection->answer + 9, "200", 3)) refused++;
            answered++;
            putIdle((int)events[index].data.u32);
        }
    }
    if (answered < total) errno = ETIMEDOUT, stop("not everything was answered");
    report(latencies, counted, sent, refused);
}
