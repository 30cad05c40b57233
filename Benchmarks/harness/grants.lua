-- What a client asks the token endpoint for, on connections that are kept: grants.lua CREDENTIALS
function init(arguments)
    wrk.method = "POST"
    wrk.path = "/oauth/token"
    wrk.headers["Authorization"] = "Basic " .. arguments[1]
    wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
    wrk.body = "grant_type=client_credentials&scope=profile%3Aread"
end
