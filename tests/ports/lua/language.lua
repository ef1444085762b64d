-- Values, operators, scopes, closures, metatables, goto, varargs, integer and float arithmetic, errors, attributes.
local function check(name, ...) print(name, ...) end

check("arithmetic", 7 // 2, -7 // 2, 7 % -3, -7 % 3, 7 / 2, 2^10, 7.5 // 2, 1e15 + 0.5)
check("integers", math.maxinteger + 1 == math.mininteger, 1 << 63, 1 << 64, -1 >> 60, ~5, 5 & 3, 5 | 8, 5 ~ 1)
check("numbers", 0x10, 0xA.8p1, 1e-7, 3.0, -0.0, 1e100, 2^53, 100000000000000)
check("comparison", 1 == 1.0, "10" == 10, 1 < 1.5, "a" < "b", "a" < "B")
check("conversion", "10" + 5, "0x10" + 0, 10 .. 20, tostring(1e15), tonumber("  12  "), tonumber("1e1"), tonumber("z", 36), tonumber("8", 8))
check("logic", nil and 1, false or "x", not nil, 1 and 2, nil == false)

local function counter()
  local n = 0
  return function(step) n = n + (step or 1); return n end
end
local a, b = counter(), counter()
check("closures", a(), a(5), b(), a())

local made = {}
for i = 1, 3 do made[i] = function() i = i + 1; return i end end
check("loop variables", made[1](), made[1](), made[2](), made[3]())

local function varargs(...)
  local t = table.pack(...)
  return select("#", ...), t.n, (select(2, ...))
end
check("varargs", varargs(nil, 2, nil))

do
  local i = 1
  ::again::
  if i < 5 then i = i + 1; goto again end
  check("goto", i)
end

local Vector = {}
Vector.__index = Vector
Vector.__add = function(x, y) return setmetatable({x[1] + y[1], x[2] + y[2]}, Vector) end
Vector.__eq = function(x, y) return x[1] == y[1] and x[2] == y[2] end
Vector.__lt = function(x, y) return x[1] < y[1] end
Vector.__le = function(x, y) return x[1] <= y[1] end
Vector.__len = function() return 2 end
Vector.__call = function(self, k) return self[1] * k end
Vector.__tostring = function(self) return "(" .. self[1] .. "," .. self[2] .. ")" end
Vector.__concat = function(x, y) return tostring(x) .. "|" .. tostring(y) end
Vector.__unm = function(x) return setmetatable({-x[1], -x[2]}, Vector) end
Vector.__close = function(self) print("closed", tostring(self)) end
local v, w = setmetatable({1, 2}, Vector), setmetatable({3, 4}, Vector)
check("metatables", tostring(v + w), v == w, v < w, v <= w, #v, v(10), v .. w, tostring(-v))
do
  local c <close> = v
  local k <const> = 5
  check("in block", k)
end

local log = {}
local proxy = setmetatable({}, {__index = function(_, k) return k .. "!" end, __newindex = function(_, k, x) log[#log + 1] = k .. "=" .. x end})
proxy.one = 1
proxy.two = 2
check("proxies", proxy.any, table.concat(log, " "))

check("pcall", pcall(error, "text", 0))
check("error values", select(2, pcall(error, {code = 7})).code)
check("position", pcall(function() local x = nil; return x.field end))
check("position", pcall(function() return 1 + {} end))
check("position", pcall(function() return #5 end))
check("position", pcall(function() return {} < {} end))
check("xpcall", xpcall(function() error("inner") end, function(m) return "handled: " .. m end))
check("nested", pcall(pcall, error, "deep"))
check("assert", pcall(assert, false, "said so"))
check("load", load("return 1 +")) 
check("load", load("return ...", "chunk", "t", {})(42))
check("dump", load(string.dump(function(x) return x * 2 end))(21))
local function runaway(n) return 1 + runaway(n + 1) end
local ok, message = pcall(runaway, 1)
check("stack overflow", ok, message:match("stack overflow"))
local function nest(n) if n == 0 then error("bottom", 0) end; local ok, m = pcall(nest, n - 1); error(m, 0) end
check("unwinding", pcall(nest, 20))
check("strings of code", load("local t = {}; for i = 1, 10 do t[i] = i * i end; return table.concat(t, ',')")())
check("deep nesting", load("return " .. string.rep("(", 15) .. "1" .. string.rep(")", 15))())
check("too deep", load("return " .. string.rep("(", 1000) .. "1" .. string.rep(")", 1000)) == nil)
