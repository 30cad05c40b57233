-- wrk asks for requests in turn: every token, and every path, from first to last and again.
-- Arguments: METHOD TOKENS-FILE|- PATHS-FILE BODY-BYTES keep|close
-- All scenarios use this script, those with a single request too, so that wrk's own work is the same in each.

local requests = {}
local nextRequest = 0

local function lines(name)
    local all = {}
    if name ~= "-" then
        for line in io.lines(name) do all[#all + 1] = line end
    end
    return all
end

function init(arguments)
    local method, tokens, paths = arguments[1], lines(arguments[2]), lines(arguments[3])
    local body = tonumber(arguments[4]) > 0 and string.rep("x", tonumber(arguments[4])) or nil
    for index = 1, math.max(#tokens, #paths) do
        local headers = {}
        if #tokens > 0 then headers["Authorization"] = "Bearer " .. tokens[(index - 1) % #tokens + 1] end
        if arguments[5] == "close" then headers["Connection"] = "close" end
        requests[index] = wrk.format(method, paths[(index - 1) % #paths + 1], headers, body)
    end
end

function request()
    nextRequest = nextRequest % #requests + 1
    return requests[nextRequest]
end
