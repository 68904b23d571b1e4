-- Delivers every request of one file exactly once, over as many connections as wrk was given, and stops
-- itself at the last reply: a run that ends by the clock would leave deliveries whose outcome nobody knows.

local ffi = require("ffi")
ffi.cdef([[
  typedef struct { long seconds; long nanoseconds; } instant;
  int clock_gettime(int clock, instant *now);
  int getpid(void);
  int kill(int process, int signal);
]])

local MONOTONIC, INTERRUPT = 1, 2
-- Milliseconds that a connection without anything left to deliver keeps still: longer than any run.
local FOR_EVER = 3600000

local deliveries, left, total
local started, tried
local accepted, refused = 0, 0

local function now()
  local instant = ffi.new("instant[1]")
  ffi.C.clock_gettime(MONOTONIC, instant)
  return tonumber(instant[0].seconds) + tonumber(instant[0].nanoseconds) / 1e9
end

function init(arguments)
  deliveries = assert(io.open(os.getenv("DELIVERIES"), "rb"))
  total = tonumber(deliveries:read(8))
  left = total
end

-- Asked once before each request, of every connection that is free.
function delay()
  if left == 0 then
    return FOR_EVER
  end
  left = left - 1
  return 0
end

function request()
  local position = deliveries:seek()
  local text = deliveries:read(tonumber(deliveries:read(8)))
  if not tried then
    -- The first one is asked for to be looked at, before any connection is open; it is not sent.
    tried = true
    deliveries:seek("set", position)
    return text
  end
  started = started or now()
  return text
end

function response(status, headers, body)
  if status == 200 and body:find('"received"', 1, true) then
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
