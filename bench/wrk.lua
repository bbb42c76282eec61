-- What wrk does for a load, by its first argument: "same" sends one request over and over; "traces" sends it with another
-- traceparent each time; "paths" sends the lines of a file in turn, from a given line on; "publishes" lets each thread publish
-- one version after the other of a prompt of its own.

local threads = 0

function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

local function send_traces()
  local sent = 0
  request = function()
    sent = sent + 1
    wrk.headers["traceparent"] = string.format("00-%032x-%016x-01", sent, sent)
    return wrk.format()
  end
end

local function send_paths(file, start)
  local paths = {}
  for line in io.lines(file) do
    paths[#paths + 1] = line
  end
  local sent = tonumber(start)
  request = function()
    sent = sent + 1
    return wrk.format(nil, paths[(sent - 1) % #paths + 1])
  end
end

local function send_publishes(prefix, text)
  local path = prefix .. number .. "/"
  local base = 1
  wrk.headers["Content-Type"] = "application/json"
  request = function()
    return wrk.format("PATCH", path, nil, string.format('{"base_version": %d, "prompt": "%s %d"}', base, text, base))
  end
  response = function(status)
    if status == 200 then
      base = base + 1
    end
  end
end

function init(arguments)
  if arguments[1] == "traces" then
    send_traces()
  elseif arguments[1] == "paths" then
    send_paths(arguments[2], arguments[3])
  elseif arguments[1] == "publishes" then
    send_publishes(arguments[2], arguments[3])
  end
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "seconds": %.6f, "bytes": %d, "failures": %d, "p50": %.3f, "p95": %.3f, "p99": %.3f}\n',
    summary.requests, summary.duration / 1e6, summary.bytes,
    errors.status + errors.timeout + errors.read + errors.write + errors.connect,
    latency:percentile(50) / 1000, latency:percentile(95) / 1000, latency:percentile(99) / 1000
  ))
end
