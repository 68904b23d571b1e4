-- Sends every request of one file exactly once, over all connections of wrk, and stops wrk after the last response:
-- a run that ends by time would leave deliveries with an unknown outcome.

local ffi = require("ffi")
ffi.cdef([[
  typedef struct { long seconds; long nanoseconds; } instant;
  int clock_gettime(int clock, instant *now);
  int getpid(void);
  int kill(int process, int signal);
]])

local MONOTONIC, INTERRUPT = 1, 2
-- Milliseconds that a connection waits when all requests are sent: longer than any run.
local FOR_EVER = 3600000

local deliveries, remaining, total
local started, inspected
local accepted, refused = 0, 0
-- What the body of a successful response contains.
local expected = os.getenv("EXPECTED")

local function now()
  local instant = ffi.new("instant[1]")
  ffi.C.clock_gettime(MONOTONIC, instant)
  return tonumber(instant[0].seconds) + tonumber(instant[0].nanoseconds) / 1e9
end

function init(arguments)
  deliveries = assert(io.open(os.getenv("DELIVERIES"), "rb"))
  total = tonumber(deliveries:read(8))
  remaining = total
end

-- Called before each request of a free connection.
function delay()
  if remaining == 0 then
    return FOR_EVER
  end
  remaining = remaining - 1
  return 0
end

function request()
  local position = deliveries:seek()
  local text = deliveries:read(tonumber(deliveries:read(8)))
  if not inspected then
    -- wrk requests the first one to inspect it, before it opens connections, and does not send it.
    inspected = true
    deliveries:seek("set", position)
    return text
  end
  started = started or now()
  return text
end

function response(status, headers, body)
  if status == 200 and body:find(expected, 1, true) then
    accepted = accepted + 1
  else
    refused = refused + 1
  end
  if accepted + refused == total then
    io.write(string.format("DELIVERED %d %d %.6f\n", accepted, refused, now() - started))
    io.flush()
    ffi.C.kill(ffi.C.getpid(), INTERRUPT)
  end
end

function done(summary, latency, requests)
  io.write(string.format("LATENCY %.3f %.3f\n", latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
