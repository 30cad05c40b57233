"""Requests as nobody should send them, drawn from a seed: the public lists of smuggled requests and odd paths, each
in many spellings, and mixtures of them. A case is known by its seed and its number, whatever else is run."""

import dataclasses
import random

# What a smuggled request would be: of a path that only administrators may call, and without a token.
SMUGGLED = b"GET /admin/smuggled HTTP/1.1\r\nHost: api\r\nX-Case: smuggled\r\n\r\n"
TOKENS = [None, "read", "admin"]


@dataclasses.dataclass
class Case:
    number: int
    # What was done to it.
    name: str
    # What its token grants.
    token: str
    # With the token put in.
    data: bytes

    @property
    def id(self):
        return f"case{self.number}"


class Draft:
    """A request that is being spoilt: its parts, joined at the end as they stand."""

    def __init__(self, draw, number, token):
        self.method, self.target, self.version = b"GET", b"/v2/users/%d" % number, b"HTTP/1.1"
        self.space, self.end = b" ", b"\r\n"
        self.lines = [b"Host: api", b"X-Case: case%d" % number]
        if token:
            self.lines.append(b"Authorization: Bearer " + token)
        self.body = b""
        self.before = b""
        self.draw = draw
        self.notes = []

    def field(self, line):
        """Anywhere among the fields."""
        self.lines.insert(self.draw.randint(0, len(self.lines)), line)

    def bytes(self):
        line = self.space.join([self.method, self.target] + ([self.version] if self.version else []))
        return self.before + self.end.join([line, *self.lines, b"", b""]) + self.body


# MARK: - Paths

SEGMENTS = [
    b"public", b"admin", b"v2", b"users", b"secret", b"7", b"x", b"..", b".", b"", b"PUBLIC", b"Admin", b"...",
    b"healthz",
]
DOTS = [
    b"..", b"%2e%2e", b".%2e", b"%2E.", b"..;", b"..;x=1", b"%2e%2e;a", b"..%00", b"%252e%252e", b".%252e", b"..%20",
    b"%c0%ae%c0%ae", b"%e0%80%ae%e0%80%ae", b"..%c0%af", b"\xc0\xae\xc0\xae", b"..%09", b"..\xff", b"%2e", b".",
    b"..%3b", b"..%23", b"..%3f", b"..?", b"..#", b"%u002e%u002e", b"%uff0e%uff0e", b"%ef%bc%8e%ef%bc%8e", b"..%0a",
    b"..\\",
]
SLASHES = [
    b"/", b"//", b"%2f", b"%2F", b"\\", b"%5c", b"/./", b"%252f", b"%c0%af", b"%e0%80%af", b"///", b"/;/", b"/%2e/",
    b";/", b"%5C", b"/\\", b"\\/", b"%ef%bc%8f", b"%u2215", b"%00/", b"/%00",
]
TARGETS = [
    b"/admin", b"/admin/x", b"/public/secret/x", b"/v2/users/1", b"/ADMIN/x", b"/Admin", b"/%61dmin/x",
    b"/%2561dmin", b"/admin.", b"/admin%2e", b"/admin;x/y", b"/admin%3bx", b"/admin%20", b"/admin%00", b"/admin%23",
    b"/admin?x", b"/a%64min", b"/public/secret", b"/public;x/secret/y", b"/public/%73ecret/x", b"/public/SECRET/x",
    b"/adm\xc4\xb1n", b"/public/x#/admin", b"/public/#/../admin", b"/public?/../../admin", b"/public/x?/../../admin",
    b"//admin", b"//public/../admin", b"///admin", b"/./admin", b"/%2e/admin", b"/public/../../admin",
    b"/public/x/../../admin", b"//x/admin", b"//api/admin/x", b"//admin/public/x", b"/\\api/admin", b"/public/..",
    b"/public/.", b"/..", b"/../admin", b"/../../admin/x", b"/v2/../admin", b"/v2/users/..",
    b"/v2/users/../../admin", b"/v2/users/..%2f..%2fadmin", b"/v2/users/%2e%2e/%2e%2e/admin/x", b"/healthz/../admin",
    b"/healthz;/../admin", b"/healthz/..;/admin", b"/public/%2e%2e%2fadmin", b"/public%2f..%2fadmin",
    b"/public%2fsecret%2fx", b"/public/secret%2fx", b"/public/x/%2e%2e/secret/y", b"/public/./secret/x",
    b"/public//secret/x", b"/public/;/secret/x", b"/public\\secret\\x", b"/public/%5csecret/x",
    b"/public%5c..%5cadmin", b"/public/.;/secret/x", b"/public/;a=/../secret", b"*", b"", b"admin", b"public",
    b"http:", b"http://", b"?x", b"#", b"/", b"/?/admin", b"/%", b"/%2", b"/%zz", b"/%00",
    b"/public/%0d%0aHost:%20x", b"/public/\x7f", b"/public/\x01", b"/public/\xe4", b"/public/%e4", b"/public/|",
    b"/public/\"", b"/public/<x>", b"/public/{x}", b"/public/x y", b"/public/x\ty", b"/public/x HTTP/1.0 y",
]
STARTS = [b"/public", b"/public/x", b"/v2/users", b"/v2/users/x", b"/healthz", b"/public/secret", b""]
ENDS = [b"admin/x", b"public/secret/x", b"v2/users/1", b"admin"]
TAILS = [b"?x=1", b"?/../admin", b"?x#y", b"%3f", b"%23", b";x", b".", b"/", b"//", b"/.", b"%20", b"%2f"]
SCHEMES = [b"http://", b"HTTP://", b"https://", b"ftp://", b"http:/", b"http:///", b"//", b"http:\\\\", b"x://"]
PLAIN = [
    b"/public/x", b"/v2/users/7", b"/admin/x", b"/healthz", b"/public/secret/x", b"/nowhere", b"/public/admin/x",
    b"/public/public/secret/x",
]
HOSTS = [b"api", b"admin", b"api:80", b"user@api", b"api/admin", b"", b"127.0.0.1", b"API"]


def any_path(draft):
    draw = draft.draw
    choice = draw.random()
    if choice < 0.35:
        draft.target = draw.choice(TARGETS)
    elif choice < 0.65:
        # From somewhere public to somewhere that is not.
        start = draw.choice(STARTS)
        up = b"".join(draw.choice(SLASHES) + draw.choice(DOTS) for _ in range(draw.randint(1, 3)))
        draft.target = start + up + draw.choice(SLASHES) + draw.choice(ENDS)
    elif choice < 0.9:
        slashes, segments = SLASHES[:8] + [b"/"] * 8, SEGMENTS + DOTS[:8]
        draft.target = b"".join(draw.choice(slashes) + draw.choice(segments) for _ in range(draw.randint(1, 7)))
    else:
        # One letter of it encoded, or in the other case.
        path = bytearray(draw.choice([b"/admin/x", b"/public/secret/x", b"/public/../admin"]))
        at = draw.randrange(len(path))
        letter = bytes(path[at:at + 1])
        path[at:at + 1] = draw.choice([
            b"%%%02x" % letter[0], b"%%25%02x" % letter[0], letter.swapcase(), letter + b"%00", letter + b"\x00",
            letter + b";", letter + b"%3b", letter + b".",
        ])
        draft.target = bytes(path)
    if draw.random() < 0.1:
        draft.target += draw.choice(TAILS)


def absolute_form(draft):
    draw = draft.draw
    if not draft.target.startswith(b"/"):
        draft.target = b"/" + draft.target
    draft.target = draw.choice(SCHEMES) + draw.choice(HOSTS) + draft.target


def plain_path(draft):
    draft.target = draft.draw.choice(PLAIN)
    if draft.draw.random() < 0.2:
        draft.target += b"?" + draft.draw.choice([b"a=b", b"", b"?", b"/admin", b"a=%2f..%2fadmin", b"x=;y"])


# MARK: - Where a message ends

CODINGS = [
    b"chunked", b"Chunked", b"CHUNKED", b" chunked", b"chunked ", b"chunked,", b",chunked", b"chunked, chunked",
    b"chunked, identity", b"identity", b"identity, chunked", b"gzip, chunked", b"chunked, gzip", b"xchunked",
    b"x chunked", b"chunkedx", b"\"chunked\"", b"'chunked'", b"chunked;q=1", b"chunked\x0b", b"\x0bchunked",
    b"\x0cchunked", b"chunked\x00", b"\x00chunked", b"\tchunked", b"chunked\t", b"chun\tked", b"", b"cow",
    b"chunke\xc4\x8f", b"c\xe4hunked", b"chunked\r", b"\rchunked", b"[chunked]",
]
CODING_NAMES = [
    b"Transfer-Encoding:", b"transfer-encoding:", b"Transfer-Encoding :", b" Transfer-Encoding:",
    b"Transfer-Encoding\t:", b"Transfer_Encoding:", b"Transfer.Encoding:", b"Transfer-Encoding\x00:",
    b"\x00Transfer-Encoding:", b"X: y\nTransfer-Encoding:", b"X: y\rTransfer-Encoding:",
    b"X:\r\n Transfer-Encoding:", b"Transfer-Encoding", b"Transfer-Encoding:\r\n ", b"Transfer Encoding:",
    b"Transfer-Encoding\r\n :", b"X-Transfer-Encoding:", b"TE:", b"Transfer-Encodin\xe7:", b"\xffTransfer-Encoding:",
    b"Transfer-\nEncoding:",
]
LENGTHS = [
    b"%d", b"+%d", b"-%d", b"0%d", b"00000000000000000000%d", b" %d ", b"%d,%d", b"%d, %d", b"%d %d", b"0x%x",
    b"%d.0", b"%de0", b"%d;", b"%d\x00", b"\x0b%d", b"%d\x0b", b"", b"9223372036854775808", b"18446744073709551616",
    b"4294967296", b"99999999999999999999999", b"%d_", b"1_0", b"\xd9\xa3", b"%d\r", b"\t%d", b"\"%d\"", b"%d,0",
    b"0,%d", b"0",
]
LENGTH_NAMES = [
    b"Content-Length:", b"content-length:", b"Content-Length :", b" Content-Length:", b"Content_Length:",
    b"Content.Length:", b"Content-Length\x00:", b"X: y\nContent-Length:", b"X: y\rContent-Length:",
    b"Content-Length", b"Content-Length:\r\n ", b"Content Length:", b"\x0bContent-Length:", b"Content-Length\x0b:",
    b"X-Content-Length:", b"Content-Length\t:",
]
SIZES = [
    b"%x", b"%X", b"0%x", b"000000000000000000%x", b"0x%x", b"+%x", b"-%x", b" %x", b"%x ", b"%x\t", b"%x;a",
    b"%x;a=b", b"%x ;a", b"%x;a=\"b\"", b"%x;a=\"\r\nb\"", b"%x;\n", b"%x;a\x00", b"%x;a\nb", b"%x;a\rb", b"%x\x00",
    b"%x\x0b", b"1%016x", b"%xx", b"%x_", b"%x,", b"%x.0", b"%x;" + b"a" * 300, b"%x;" + b"a" * 70000,
    b"ffffffffffffffff", b"fffffffffffffffff", b"%x\n", b"%x\r", b"", b"%x;=", b"%x;a=;b", b"\xef\xbb\xbf%x",
    b"%x\x85",
]
ZEROS = [b"00", b"0;a", b"-0", b"0x0", b"0 ", b"", b"0000000000000000000", b"0\x00", b"+0"]
TRAILERS = [
    b"X-Trailer: y\r\n", b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"X-Auth-Subject: root\r\n",
    b"Host: admin\r\n", b"x_auth_admin: root\r\n", b"X: y\n", b" folded\r\n", b"X\r\n", b": y\r\n", b"X : y\r\n",
    b"X: y\rZ: w\r\n", b"Authorization: Bearer x\r\n", b"X-Case: other\r\n", b"X: \x00\r\n", b"GET /admin HTTP/1.1\r\n",
    b"SCRIPT_NAME: /public\r\n",
]
BODIES = [
    b"abc", b"", b"x" * 10, SMUGGLED, b"0\r\n\r\n" + SMUGGLED, b"a=b&c=d", b"\r\n\r\n", b"\x00\xff" * 5, b"x" * 5000,
]
LINE_ENDS = [
    b"\r\n", b"\n", b"\r", b"\r\r\n", b"\n\r", b"\x0b\n", b"\x85", b" \r\n", b"\r\n\r\n", b"", b"\x00\r\n", b"XX",
]


def with_body(draft):
    draft.method = draft.draw.choice([b"POST", b"POST", b"PUT", b"PATCH", b"GET", b"DELETE", b"HEAD", b"OPTIONS"])


def body_of(draft):
    return draft.draw.choice(BODIES)


def spelled(draft, spellings, number):
    text = draft.draw.choice(spellings if draft.draw.random() < 0.7 else spellings[:1])
    for form in [b"%d", b"%x", b"%X", b"%016x"]:
        text = text.replace(form, form % number)
    return text


def length(draft):
    with_body(draft)
    draft.body = body_of(draft)
    number = len(draft.body)
    if draft.draw.random() < 0.25:
        number = draft.draw.choice([0, 1, 3, number + 1, 4, 1000])
    draft.field(draft.draw.choice(LENGTH_NAMES + LENGTH_NAMES[:1] * 14) + b" " + spelled(draft, LENGTHS, number))
    if draft.draw.random() < 0.15:
        draft.field(b"Content-Length: " + spelled(draft, LENGTHS, draft.draw.choice([number, 0, 5])))


def chunk(draft, data):
    draw = draft.draw
    odd = draw.random() < 0.3
    size = len(data) if draw.random() < 0.95 else len(data) + draw.choice([-1, 1, 2])
    end = draw.choice(LINE_ENDS) if odd and draw.random() < 0.4 else b"\r\n"
    behind = draw.choice(LINE_ENDS) if odd and draw.random() < 0.4 else b"\r\n"
    return spelled(draft, SIZES if odd else SIZES[:1], max(size, 0)) + end + data + behind


def last_chunk(draft):
    draw = draft.draw
    zero = draw.choice([b"0"] * 10 + ZEROS)
    trailers = draw.choice([b""] * 8 + TRAILERS)
    return zero + b"\r\n" + trailers + (draw.choice(LINE_ENDS) if draw.random() < 0.15 else b"\r\n")


def chunked(draft):
    with_body(draft)
    draw = draft.draw
    coding = draw.choice(CODINGS) if draw.random() < 0.4 else b"chunked"
    draft.field(draw.choice(CODING_NAMES + CODING_NAMES[:1] * 20) + b" " + coding)
    if draw.random() < 0.1:
        draft.field(b"Transfer-Encoding: " + draw.choice(CODINGS))
    pieces = draw.choices([b"abc", b"x" * 16, b"z", SMUGGLED, b"x" * 3000], k=draw.randint(0, 3))
    draft.body = b"".join(chunk(draft, piece) for piece in pieces) + last_chunk(draft)


def both(draft):
    """CL.TE, TE.CL, TE.TE: the body is a request to whoever takes the other one of the two fields for true."""
    with_body(draft)
    draw = draft.draw
    draft.body = draw.choice([
        b"0\r\n\r\n" + SMUGGLED, b"%x\r\n%s\r\n0\r\n\r\n" % (len(SMUGGLED), SMUGGLED), b"0\r\n\r\nX",
        b"3\r\nabc\r\n0\r\n\r\n",
    ])
    claimed = draw.choice([len(draft.body), draft.body.find(b"\n") + 1, 0, 4, 5])
    draft.field(draw.choice(CODING_NAMES + CODING_NAMES[:1] * 8) + b" " + draw.choice(CODINGS + CODINGS[:1] * 8))
    draft.field(draw.choice(LENGTH_NAMES + LENGTH_NAMES[:1] * 10) + b" " + spelled(draft, LENGTHS, claimed))


def body_nobody_tells_of(draft):
    """CL.0, and methods of which some believe that they have no body."""
    with_body(draft)
    draft.body = SMUGGLED
    if draft.draw.random() < 0.5:
        draft.field(b"Content-Length: %d" % len(draft.body))
    draft.target = draft.draw.choice([b"/public/x", b"/v2/users/7", b"/nowhere", b"/admin/x"])


# MARK: - Heads

FIELDS = [
    b"X y: z", b": z", b"X", b"X:", b"X\x00: y", b"X: \x00", b"X: a\rb", b"X: a\nb", b"X: a\r\n b", b"X: a\r\n\tb",
    b" X: y", b"X : y", b"X\t: y", b"X: \x7f", b"X: \xe4\xf6", b"\xe4: x", b"X(y): z", b"X: " + b"y" * 9000,
    b"X-" + b"y" * 9000 + b": z", b"X: y\r\nZ: w", b"X:\x0by", b"X: y\x0b", b"Host: other", b"host: api",
    b"Host : api", b"Host:", b"Host: api, other", b"Host: api\r\n other", b"HOST: admin", b"X: y\nHost: admin",
    b"Connection: close", b"Connection: keep-alive", b"Connection: X-Auth-Subject, X-Request-Id",
    b"Connection: Host", b"Connection: Content-Length", b"Connection: Transfer-Encoding",
    b"Connection: close, keep-alive", b"Connection: \x00", b"Connection: Authorization", b"Connection: X-Case",
    b"Proxy-Connection: keep-alive", b"Keep-Alive: timeout=5", b"TE: trailers", b"TE: chunked",
    b"Trailer: X-Auth-Subject",
    b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAAP__",
    b"Upgrade: websocket\r\nConnection: Upgrade",
    b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    b"Upgrade: TLS/1.0\r\nConnection: Upgrade", b"Upgrade: HTTP/2.0", b"Expect: 100-continue",
    b"Expect: 100-Continue", b"Expect: x", b"Expect: 100-continue, x", b"Expect:", b"Expect: 200-ok",
    b"X-Auth-Subject: root", b"x_auth_subject: root", b"X.Auth.Subject: root", b"X-Auth_Admin: root",
    b"X-Auth-Admin: root", b"X-AUTH-ADMIN : root", b"X-Auth-Admin\x00: root", b"X_AUTH_ADMIN: root",
    b"X-Request-Id: mine", b"x_request_id: mine", b"X-Forwarded-For: 10.0.0.1", b"X-Forwarded-Prefix: /admin",
    b"X-Original-URL: /admin/x", b"X-Rewrite-URL: /admin/x", b"X-Http-Method-Override: DELETE",
    b"SCRIPT_NAME: /public", b"Script-Name: /public", b"PATH_INFO: /admin/x", b"Path-Info: /admin/x",
    b"SCRIPT_NAME: /v2", b"script_name: /public", b"X-Script-Name: /public", b"REMOTE_USER: root",
    b"Forwarded: for=x;host=admin", b"Proxy: http://evil", b"Content_Length: 5", b"Transfer_Encoding: chunked",
    b"Authorization: Basic eDp5", b"authorization : Bearer x", b"Cookie: a=b; c=d", b"Range: bytes=0-",
    b"Via: 1.0 x", b"Max-Forwards: 0", b"Content-Encoding: gzip", b"If-Match: *", b"X-Forwarded-Proto: https, http",
    b"X-Forwarded-SSL: on", b"X-Forwarded-Protocol: ssl", b"Content-Type: multipart/form-data; boundary=x",
    b"Accept: */*", b"GET /admin/smuggled HTTP/1.1", b"HTTP/1.1 200 OK", b"X: y\r\n\x00Host: admin", b"\x0bX: y",
    b"X\r\n: y", b"X:y", b"X:  y  ", b"X:\ty\t", b"0: 0", b"~!#$%&'*+.^_`|: x",
]
ODD_HOSTS = [
    b"api\x00", b"api x", b"[::1]", b"[::1", b"api:", b"api:x", b"api:99999", b"api#x", b"api?x", b"api\\x", b"a" * 300,
    b"api,x", b"\xe4", b"api%00", b"..", b"api@x",
]
ODD_BYTES = [b"", b"\r", b"\n", b" ", b"\x00", b":", b"\t", b"\r\n"]
VERSIONS = [
    b"HTTP/1.0", b"HTTP/1.1", b"HTTP/1.2", b"HTTP/1.9", b"HTTP/2.0", b"HTTP/2", b"HTTP/0.9", b"http/1.1",
    b"HTTP/1.1 ", b"HTTP/1.10", b"HTTP/01.1", b"HTTP/1,1", b"HTTP/11", b"HTTP/ 1.1", b"HTTP/1.1\t", b"",
    b"HTTP/1.1\x00", b"HTTP/1.", b"HTTP/.1", b"HTTP", b"HTTPS/1.1", b"HTTP/+1.1", b"HTTP/1.-1", b"HTTP/\xd9\xa1.1",
    b"ICY/1.1", b"HTTP/3.0", b"SHTTP/1.1",
]
METHODS = [
    b"get", b"Get", b"GE T", b"GET\x00", b"", b"PRI", b"TRACE", b"CONNECT", b"OPTIONS", b"PROPFIND", b"DEBUG",
    b"HEAD", b"DELETE", b"POST", b"PUT", b"X" * 100, b"X" * 9000, b"G(ET", b"GET,", b"\"GET\"", b"\xe4", b" GET",
    b"\tGET", b"\x00GET", b"G\tET", b"GET\r", b"__class__", b"PURGE", b"SEARCH", b"M-SEARCH", b"_", b"1", b"GET/",
    b"HTTP/1.1",
]
SPACES = [
    b"  ", b"\t", b" \t", b"\x0b", b"\x0c", b"\xa0", b"\r", b"\n", b"\x00", b" \x00 ", b"\r\n ", b"\x85", b"\x1c",
    b"   ",
]
BEFORE = [
    b"\r\n", b"\n", b"\r", b" ", b"\x00", b"\r\n\r\n", b"\xef\xbb\xbf", b"\t", b" \r\n", b"X\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\x16\x03\x01\x00\x05hello", b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n",
    b"\r\n" * 50, b"GET /public/first HTTP/1.1\r\nHost: api\r\nX-Case: first\r\n\r\n",
]


def odd_field(draft):
    for _ in range(draft.draw.choice([1, 1, 1, 2, 3])):
        draft.field(draft.draw.choice(FIELDS))


def odd_version(draft):
    draft.version = draft.draw.choice(VERSIONS)
    if draft.draw.random() < 0.3:
        draft.field(draft.draw.choice([b"Connection: keep-alive", b"Connection: close", b"Keep-Alive: 300"]))


def odd_method(draft):
    draft.method = draft.draw.choice(METHODS)


def odd_space(draft):
    draft.space = draft.draw.choice(SPACES)


def odd_line_ends(draft):
    draft.end = draft.draw.choice([b"\n", b"\r", b"\r\r\n", b"\n\r", b" \r\n", b"\x0b\r\n", b"\x00\r\n"])


def odd_start(draft):
    draft.before = draft.draw.choice(BEFORE)


def odd_host(draft):
    draft.lines.remove(b"Host: api")
    host = draft.draw.choice(HOSTS + ODD_HOSTS)
    if draft.draw.random() < 0.9:
        draft.field(draft.draw.choice([b"Host: ", b"Host:", b"host: ", b"Host:\t"]) + host)


def many_fields(draft):
    draft.lines += [b"X-%d: y" % number for number in range(draft.draw.choice([90, 101, 200]))]


def one_byte(draft):
    """A byte of the head is lost, doubled or another."""
    whole = draft.bytes()
    name = whole.index(b"X-Case")
    at = draft.draw.choice([at for at in range(min(len(whole), 80)) if not name <= at < name + 20])
    byte = draft.draw.choice(ODD_BYTES + [whole[at:at + 1] * 2, bytes([draft.draw.randrange(256)])])
    whole = whole[:at] + byte + whole[at + 1:]
    # Nothing is joined any more.
    draft.bytes = lambda: whole


PLANS = [
    ([plain_path], 6), ([any_path], 14), ([length], 5), ([chunked], 8), ([both], 7), ([body_nobody_tells_of], 3),
    ([odd_field], 8), ([plain_path, odd_field], 18), ([odd_version], 2), ([odd_method], 3), ([odd_space], 2),
    ([odd_line_ends], 1), ([odd_start], 2), ([odd_host], 2), ([absolute_form], 2), ([any_path, absolute_form], 2),
    ([odd_host, absolute_form], 1), ([many_fields], 1), ([one_byte], 5), ([plain_path, length, odd_field], 6),
    ([any_path, chunked], 3), ([plain_path, chunked, odd_field], 6), ([both, odd_field], 3),
    ([any_path, odd_field], 2), ([length, odd_version], 2), ([chunked, odd_version], 2), ([chunked, one_byte], 3),
    ([length, one_byte], 2), ([any_path, odd_method], 1), ([plain_path, body_nobody_tells_of, odd_field], 2),
]


def case(seed, number, tokens):
    """`tokens` holds a token, as bytes, for each name in TOKENS but None."""
    draw = random.Random(f"{seed}:{number}")
    token = draw.choice(TOKENS)
    plan = draw.choices([steps for steps, _ in PLANS], [weight for _, weight in PLANS])[0]
    draft = Draft(draw, number, tokens.get(token))
    for step in plan:
        step(draft)
    name = ", ".join(step.__name__.replace("_", " ") for step in plan)
    return Case(number, name, token, draft.bytes())


def simple(number, token, tokens):
    """A request that nobody could read in two ways, for every route."""
    paths = [b"/public/%d", b"/v2/users/%d", b"/admin/%d", b"/public/secret/%d", b"/v2/users/%d?x=/admin"]
    draft = Draft(random.Random(number), number, tokens.get(token))
    draft.target = paths[number % len(paths)] % number
    if number % 2:
        draft.method, draft.body = b"POST", b"abc"
        draft.lines.append(b"Content-Length: 3")
    return Case(number, "simple", token, draft.bytes())
