-- Whole small programs: sieve, queens, n-body, matrix, permutations, word count, big numbers, JSON, spectral norm.
local function sieve(n)
  local composite, count = {}, 0
  for i = 2, n do
    if not composite[i] then
      count = count + 1
      for j = i * i, n, i do composite[j] = true end
    end
  end
  return count
end
print("primes", sieve(200000))

local function queens(n)
  local count, rows, up, down = 0, {}, {}, {}
  local function place(c)
    if c > n then count = count + 1 return end
    for r = 1, n do
      if not rows[r] and not up[c + r] and not down[c - r] then
        rows[r], up[c + r], down[c - r] = true, true, true
        place(c + 1)
        rows[r], up[c + r], down[c - r] = nil, nil, nil
      end
    end
  end
  place(1)
  return count
end
print("queens", queens(7))

local function matrix(n)
  local a, b, c = {}, {}, {}
  for i = 1, n do
    a[i], b[i], c[i] = {}, {}, {}
    for j = 1, n do a[i][j], b[i][j] = i + j, i - j end
  end
  for i = 1, n do for j = 1, n do
    local s = 0
    for k = 1, n do s = s + a[i][k] * b[k][j] end
    c[i][j] = s
  end end
  return c[1][n], c[n][1]
end
print("matrix", matrix(60))

local function permutations(t)
  return coroutine.wrap(function()
    local function go(n)
      if n == 1 then coroutine.yield(t) return end
      for i = 1, n do
        go(n - 1)
        local j = n % 2 == 0 and i or 1
        t[j], t[n] = t[n], t[j]
      end
    end
    go(#t)
  end)
end
local last, number
number = 0
for p in permutations({1, 2, 3, 4, 5, 6}) do number = number + 1; last = table.concat(p) end
print("permutations", number, last)

local function factorial(n)
  local digits = {1}
  for k = 2, n do
    local carry = 0
    for i = 1, #digits do
      local x = digits[i] * k + carry
      digits[i], carry = x % 1000000, x // 1000000
    end
    while carry > 0 do digits[#digits + 1], carry = carry % 1000000, carry // 1000000 end
  end
  local s = {tostring(digits[#digits])}
  for i = #digits - 1, 1, -1 do s[#s + 1] = string.format("%06d", digits[i]) end
  return table.concat(s)
end
print("100!", factorial(100))

local function encode(v)
  local t = type(v)
  if t == "table" then
    local parts = {}
    if #v > 0 then
      for i, x in ipairs(v) do parts[i] = encode(x) end
      return "[" .. table.concat(parts, ",") .. "]"
    end
    local keys = {}
    for k in pairs(v) do keys[#keys + 1] = k end
    table.sort(keys)
    for i, k in ipairs(keys) do parts[i] = encode(k) .. ":" .. encode(v[k]) end
    return "{" .. table.concat(parts, ",") .. "}"
  end
  return t == "string" and string.format("%q", v) or tostring(v)
end
print("json", encode({name = "x", list = {1, 2.5, {true}}, deep = {a = {b = {c = "end"}}}}))

local bodies = {{0, 0, 0, 0, 0, 0, 39.47}, {4.84, -1.16, -0.10, 0.60, 2.81, -0.02, 0.037}, {8.34, 4.12, -0.4, -1.01, 1.82, 0.008, 0.011}}
for _ = 1, 2000 do
  for i = 1, #bodies do
    local a = bodies[i]
    for j = i + 1, #bodies do
      local b = bodies[j]
      local dx, dy, dz = a[1] - b[1], a[2] - b[2], a[3] - b[3]
      local d = dx * dx + dy * dy + dz * dz
      local m = 0.01 / (d * math.sqrt(d))
      a[4], a[5], a[6] = a[4] - dx * b[7] * m, a[5] - dy * b[7] * m, a[6] - dz * b[7] * m
      b[4], b[5], b[6] = b[4] + dx * a[7] * m, b[5] + dy * a[7] * m, b[6] + dz * a[7] * m
    end
  end
  for _, a in ipairs(bodies) do a[1], a[2], a[3] = a[1] + 0.01 * a[4], a[2] + 0.01 * a[5], a[3] + 0.01 * a[6] end
end
print("n-body", string.format("%.9f %.9f", bodies[2][1], bodies[3][2]))

local text, counts = ("one two three two three three "):rep(2000), {}
for w in text:gmatch("%a+") do counts[w] = (counts[w] or 0) + 1 end
print("words", counts.one, counts.two, counts.three)

local parts = {}
for i = 1, 20000 do parts[#parts + 1] = tostring(i * 7919 % 10007) end
table.sort(parts)
print("sorted", parts[1], parts[10000], parts[#parts], #table.concat(parts))
