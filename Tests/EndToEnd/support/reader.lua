-- How Apache httpd has read a request: one word of hexadecimal digits for each thing, for its log.

local function hex(text)
    return (tostring(text or ""):gsub(".", function(letter) return string.format("%02x", letter:byte()) end))
end

function handle(r)
    local body = r:requestbody()
    local words = {
        r.unparsed_uri, r.uri, r.filename, r.subprocess_env["place"], body, r.headers_in["X-Auth-Subject"],
        r.headers_in["X-Auth-Admin"], r.headers_in["Content-Length"],
    }
    local digits = {}
    for number = 1, 8 do digits[number] = hex(words[number]) end
    r.notes["read"] = table.concat(digits, ".")
    r.headers_out["X-Echo"] = r.headers_in["X-Case"]
    r.content_type = "text/plain"
    r:puts("read")
    return apache2.OK
end
