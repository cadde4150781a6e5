-- The verbs of a quota store on Redis: each call is one atomic step on one owner's buckets.
--
-- KEYS[1] is a hash with the owner's buckets, each packed; its field "" is the time at which the
-- store first saw the owner. KEYS[2] is the grant that the verb is about. All times are of the
-- server's clock, in seconds; what comes in and goes out are durations.
--
-- The PostgreSQL functions in quotas.sql do the same, step by step: change both.

local KEEP = 600 -- seconds that a state is kept after it is full again, and a grant after its call
local DECLARED = 600 -- seconds for which a stricter declaration counts after it was last seen
local LEARNT = 3600 -- seconds for which a cap that the marketplace stated counts
local HELD = 4 -- seconds after which a parallel slot that is not renewed is free
local AFTER_LOSS = 2 -- seconds after a loss of memory for which only one slot is granted
local PROBE = 30 -- seconds after which another call may learn what is left of a window
local POLL = 0.05 -- seconds to the next attempt if only another call's end can make room
local MARK = 0.15 -- seconds beyond its next attempt for which a waiting call holds back others
local KEPT = 0.02 -- the part of a window that is kept for interactive calls
local HEADROOM = 1.25 -- the allowed jitter, as a multiple of the measured jitter
local UNMEASURED = 0.05 -- the same before any is measured if the burst is 1, of the interval
local BLOCK = 64 -- samples of jitter per block; up to two blocks are remembered
local EPSILON = 1e-6 -- seconds that are no wait

local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000
local owner, grant_key = KEYS[1], KEYS[2]
local given = cmsgpack.unpack(ARGV[2])
local buckets = {} -- those that were read, by name

local function bucket_of(name)
  if not buckets[name] then
    local raw = redis.call('HGET', owner, name)
    buckets[name] = raw and cmsgpack.unpack(raw) or {}
  end
  return buckets[name]
end

-- Seconds until the bucket is as good as new.
local function age(b)
  local left = math.max((b.banned or 0) - now, 0)
  if b.full then left = math.max(left, b.full + (b.capacity or 1) * b.interval - now) end
  if b.ends then left = math.max(left, b.ends + (b.margin or 0) - now) end
  if b.learnt then left = math.max(left, b.learnt_until - now) end
  return left
end

local function save(name)
  local b = buckets[name]
  redis.call('HSET', owner, name, cmsgpack.pack(b))
  local needed = math.ceil((age(b) + KEEP) * 1000)
  if redis.call('PTTL', owner) < needed then redis.call('PEXPIRE', owner, needed + KEEP * 100) end
end

-- Jitter: see Spread in _buckets.py.

local function add_sample(b, sample)
  local s = b.spread
  if not s then
    b.spread = {sample, sample, 1}
  elseif s[3] >= BLOCK then
    b.spread = {sample, sample, 1, s[1], s[2]}
  else
    s[1], s[2], s[3] = math.min(s[1], sample), math.max(s[2], sample), s[3] + 1
  end
end

local function spread_of(b)
  local s = b.spread
  if not s then return 0 end
  if s[4] then return math.max(s[2], s[5]) - math.min(s[1], s[4]) end
  if s[3] >= BLOCK then return s[2] - s[1] end
  if s[3] < 2 then return 0 end
  return (s[2] - s[1]) * (s[3] + 1) / (s[3] - 1)
end

-- Declarations: the strictest that is still used counts.

local function declare(b, a, n, is_stricter)
  local stored = b.declared and now - b.declared < DECLARED and is_stricter(b.interval, b.limit, a, n)
  if not stored then b.interval, b.limit, b.declared = a, n, now end
  return stored
end

local function rate_stricter(a, n, a2, n2) return a > a2 or (a == a2 and n < n2) end
local function window_stricter(a, n, a2, n2) return n / a < n2 / a2 or (n / a == n2 / a2 and n < n2) end
local function cap_stricter(_, n, _, n2) return n < n2 end

-- Rates. `full` is when the bucket counts as just full: it has room for (now - full) / interval.

local function rate_room(b)
  return math.min(b.capacity, (now - b.full) / b.interval)
end

local function rate_wait(b, born, cost, min_jitter, max_jitter)
  local burst = b.stated or b.limit
  local jitter = math.max(HEADROOM * spread_of(b), min_jitter)
  if burst == 1 then jitter = math.max(jitter, UNMEASURED * b.interval) end
  jitter = math.min(jitter, max_jitter)
  b.apart = math.max(0, (1 + jitter / b.interval) / burst - 1)
  b.capacity = math.max(1, burst - jitter / b.interval)
  b.full = b.full or born - b.interval
  if b.banned then b.full = math.max(b.full, b.banned - b.interval) end
  return (math.min(cost, b.capacity) - rate_room(b)) * b.interval
end

local function rate_count(b, calls)
  b.full = math.max(b.full, now - b.capacity * b.interval) + calls * b.interval
end

-- Windows. After the store's memory was lost, one call at a time goes ahead to learn the count.

local function turn_over(b)
  if b.ends and now >= b.ends + b.margin then
    b.id, b.used, b.ends, b.unknown, b.probe = b.id + 1, 0, nil, nil, nil
  end
end

local function window_room(b, priority)
  local limit = b.stated or b.limit
  local kept = 0
  if priority > 0 and not b.unknown then
    kept = math.min(math.max(1, math.ceil(limit * KEPT)), limit - 1)
  end
  return limit - b.used - kept
end

local function window_wait(b, born, cost, priority, max_jitter)
  b.margin = max_jitter
  if not b.id then
    b.id, b.used = 1, 0
    if now - born < b.interval then b.unknown = 1 end
  end
  turn_over(b)
  if b.unknown and (b.probe or 0) > now then return nil end
  local room = window_room(b, priority)
  if math.min(cost, b.stated or b.limit) <= room or (b.used == 0 and room > 0) then return 0 end
  return (b.ends or now + b.interval) + b.margin - now
end

local function window_count(b, cost)
  b.used = b.used + cost
  b.ends = b.ends or now + b.interval
  if b.unknown then b.probe = now + PROBE end
end

-- Parallel slots: pairs of a grant and the time until which it holds the slot.

local function parallel_wait(b, born)
  local held = {}
  for _, slot in ipairs(b.slots or {}) do
    if slot[2] > now then held[#held + 1] = slot end
  end
  b.slots = held
  local cap = b.limit
  if b.learnt and b.learnt_until > now then cap = math.min(cap, b.learnt) end
  if now - born < AFTER_LOSS then cap = 1 end
  b.room = cap - #held
  if b.room > 0 then return 0 end
  return nil
end

local function drop_slot(b)
  for i, slot in ipairs(b.slots or {}) do
    if slot[1] == grant_key then return table.remove(b.slots, i) end
  end
end

-- The verbs.

local verbs = {}

function verbs.reserve()
  local priority, wait_up_to, cost, ahead, min_jitter, max_jitter, charges = unpack(given)
  verbs.cancel() -- a step whose reply was lost is repeated: it counts once
  local born = tonumber(redis.call('HGET', owner, ''))
  if not born then
    born = now
    redis.call('HSET', owner, '', string.format('%.6f', now))
  end
  local wait, worst, banned, unknown, stricter = 0, 1, false, false, {}
  for i, charge in ipairs(charges) do
    local name, kind, a, n = unpack(charge)
    local b = bucket_of(name)
    local own, strict
    if kind == 'rate' then
      strict = declare(b, a, n, rate_stricter)
      own = rate_wait(b, born, cost, min_jitter, max_jitter)
    elseif kind == 'window' then
      strict = declare(b, a, n, window_stricter)
      own = window_wait(b, born, cost, priority, max_jitter)
      ahead = ahead and own == 0
    else
      strict = declare(b, a, n, cap_stricter)
      own = parallel_wait(b, born)
      ahead = false
    end
    if strict then stricter[#stricter + 1] = i - 1 end
    if not own then
      own, unknown = POLL, true
    end
    local ban = (b.banned or 0) - now
    own = math.max(own, ban)
    for urgent = 0, priority - 1 do -- those who hold this call back
      own = math.max(own, ((b.marks or {})[urgent + 1] or 0) - now)
    end
    if own > wait then wait, worst, banned = own, i, ban >= own end
  end

  if wait > EPSILON and not (ahead and not unknown and wait <= wait_up_to) then
    local status = 1
    if (unknown and wait <= POLL and wait_up_to <= 0) or (wait > wait_up_to and not (unknown and wait <= POLL)) then
      status = 2
    end
    for i, charge in ipairs(charges) do
      local b = bucket_of(charge[1])
      if i == worst and status == 1 and priority < 2 then
        b.marks = b.marks or {0, 0}
        b.marks[priority + 1] = math.max(b.marks[priority + 1], now + wait + MARK)
      end
      save(charge[1])
    end
    return cmsgpack.pack({status, wait, worst - 1, banned, {}, {}})
  end

  local counted, left = {}, {}
  for i, charge in ipairs(charges) do
    local name, kind = unpack(charge)
    local b = bucket_of(name)
    if kind == 'rate' then
      local before = b.full
      rate_count(b, cost * (1 + b.apart))
      counted[i] = {name, kind, before, b.full}
      left[i] = math.max(0, rate_room(b))
    elseif kind == 'window' then
      window_count(b, cost)
      counted[i] = {name, kind, b.id}
      left[i] = math.max(0, window_room(b, 0))
    else
      b.slots[#b.slots + 1] = {grant_key, now + wait + HELD}
      counted[i] = {name, kind}
      left[i] = b.room - 1
    end
    save(name)
  end
  local kept = math.ceil((wait + KEEP) * 1000)
  redis.call('SET', grant_key, cmsgpack.pack({now, now + wait, cost, counted}), 'PX', kept)
  return cmsgpack.pack({0, wait, 0, false, left, stricter})
end

function verbs.settle()
  local raw = redis.call('GETDEL', grant_key)
  if not raw then return end
  local at, due, counted_cost, counted = unpack(cmsgpack.unpack(raw))
  local cost, elapsed, signals = unpack(given)
  local extra = cost - counted_cost
  local states = {}
  for _, signal in ipairs(signals) do states[signal[1]] = signal end
  for _, one in ipairs(counted) do
    local name, kind = one[1], one[2]
    local b = bucket_of(name)
    local _, remaining, limit, resets_in, parallel = unpack(states[name] or {name, -1, -1, -1, -1})
    local current = at >= (b.banned_at or 0) -- else the headers are older than the ban
    if kind == 'rate' and b.full then
      if extra > 0 then rate_count(b, extra) end
      if elapsed >= 0 then add_sample(b, elapsed) end
      if limit >= 1 then b.stated = limit end
      if remaining >= 0 and current then
        -- The marketplace rounds down, and its bucket has leaked since it counted the call.
        local theirs = remaining + 1 + (now - due) / b.interval
        local room = theirs - ((b.stated or b.limit) - b.capacity)
        if room < rate_room(b) then b.full = now - room * b.interval end
      end
    elseif kind == 'window' and b.id then
      turn_over(b)
      b.probe = nil
      if limit >= 1 then b.stated = limit end
      if b.id == one[3] then
        b.used = math.max(0, b.used + extra)
        if resets_in >= 0 then
          local ends = now + math.min(resets_in, b.interval)
          if resets_in > 0 and b.ends and ends - b.ends > b.interval / 2 then
            -- The marketplace has begun a new period already.
            b.id, b.used = b.id + 1, 1
          end
          if resets_in > 0 then b.ends = ends end
        end
        if remaining >= 0 and (current or b.unknown) then
          local theirs = (b.stated or b.limit) - remaining
          b.used = math.max(b.used, theirs)
          b.unknown = nil
        end
      end
    elseif kind == 'parallel' then
      drop_slot(b)
      if parallel >= 1 then b.learnt, b.learnt_until = parallel, now + LEARNT end
    end
    save(name)
  end
end

function verbs.cancel()
  local raw = redis.call('GETDEL', grant_key)
  if not raw then return end
  local _, _, cost, counted = unpack(cmsgpack.unpack(raw))
  for _, one in ipairs(counted) do
    local name, kind = one[1], one[2]
    local b = bucket_of(name)
    if kind == 'rate' then
      if b.full == one[4] then b.full = one[3] end
    elseif kind == 'window' then
      if b.id == one[3] then
        b.used, b.probe = math.max(0, b.used - cost), nil
      end
    else
      drop_slot(b)
    end
    save(name)
  end
end

function verbs.renew()
  local raw = redis.call('GET', grant_key)
  if not raw then return cmsgpack.pack(false) end
  local at, _, _, counted = unpack(cmsgpack.unpack(raw))
  local valid = true
  for _, one in ipairs(counted) do
    local name, kind = one[1], one[2]
    local b = bucket_of(name)
    if (b.banned or 0) > now or (b.banned_at or 0) > at then valid = false end
    if kind == 'window' then
      if b.id ~= one[3] or (b.ends and now >= b.ends + b.margin) then valid = false end
    elseif kind == 'parallel' then
      if not drop_slot(b) then valid = false end
      b.slots = b.slots or {}
      b.slots[#b.slots + 1] = {grant_key, now + HELD}
      save(name)
    end
  end
  redis.call('PEXPIRE', grant_key, KEEP * 1000)
  return cmsgpack.pack(valid)
end

function verbs.ban()
  local name, seconds = unpack(given)
  local b = bucket_of(name)
  b.banned, b.banned_at = math.max(b.banned or 0, now + seconds), now
  save(name)
end

return verbs[ARGV[1]]()
