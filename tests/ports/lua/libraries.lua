-- string, table, math, utf8, coroutine, os, io and debug, one after the other.
local function check(name, ...) print(name, ...) end

-- string
check("format", string.format("%5d|%-5d|%05d|%x|%X|%o|%c|%q|%s|%10.3s|%%|%i", 42, 42, 42, 255, 255, 8, 65, 'a "q"\n', "s", "abcdef", 7))
check("format", string.format("%g %e %.3f %a %10.2f|%+d", 1e20, 12345.678, 2 / 3, 0.5, 3.14159, 5))
check("find", ("hello world"):find("o w"), ("hello"):find("l+"), ("a.b"):find(".", 1, true), ("abc"):find("b", -2))
check("match", ("key = value"):match("^(%w+)%s*=%s*(%w+)$"), ("2024-05-06"):match("(%d+)-(%d+)-(%d+)"), ("x"):match("()"))
check("gsub", ("hello world"):gsub("o", "0"), ("abc"):gsub("%w", "%0%0"), ("$name is $age"):gsub("%$(%w+)", {name = "Ann", age = 5}))
check("gsub", ("abc"):gsub("", "-"), ("a b c"):gsub("%s", function() return "_" end, 1))
for k, v in ("a=1, b=2, c=3"):gmatch("(%w)=(%w)") do io.write(k, ":", v, " ") end
print()
check("balance", ("f(a(b)c)d"):match("%b()"), ("THE (quick) fox"):find("%((%a+)%)"), ("hello"):match("%f[%a]%a+"))
check("others", ("abc"):rep(3, "-"), ("abc"):reverse(), ("aBc"):upper(), ("aBc"):lower(), ("abc"):byte(1, -1), #("\0\1\2"), ("abc"):sub(-2))
check("pack", string.pack("<i4 z s1", 100, "zero", "one"):byte(1, -1))
check("unpack", string.unpack("<i2 >i2 d", string.pack("<i2 >i2 d", -2, 258, 1.5)))
check("bad pattern", pcall(string.find, "a", "[a"))
check("bad format", pcall(string.format, "%d", 1.5))
check("long", #string.rep("x", 1000000), ("x"):rep(100):find("y"))

-- table
local t = {5, 2, 8, 1, 9, 3}
table.sort(t)
check("sort", table.concat(t, " "))
table.sort(t, function(a, b) return a > b end)
check("sort", table.concat(t, " "))
table.insert(t, 1, 100); table.insert(t, 7); 
check("insert", table.concat(t, " "), table.remove(t), table.remove(t, 1), #t)
check("move", table.concat(table.move({1, 2, 3}, 2, 3, 1), " "), table.unpack({1, 2, 3}, 2))
check("invalid order", pcall(table.sort, {3, 1, 2, 5, 4, 7, 6, 9, 8, 0, 11, 10}, function() return true end))
local words = {}
for w in ("the quick brown fox jumps over the lazy dog"):gmatch("%a+") do words[#words + 1] = w end
table.sort(words)
check("words", table.concat(words, ","))
local keys = {}
for k in pairs({x = 1, y = 2, 10, 20, z = 3}) do keys[#keys + 1] = tostring(k) end
table.sort(keys)
check("pairs", table.concat(keys, " "), next({}), rawlen({1, 2}), rawequal(t, t))

-- math
check("math", math.floor(-3.5), math.ceil(-3.5), math.abs(-4), math.max(1, 5, 3), math.min(2, 0), math.fmod(-7, 3), math.huge, -math.huge)
check("math", math.tointeger(3.0), math.tointeger(3.5), math.type(1), math.type(1.0), math.type("1"), math.ult(1, -1))
check("math", string.format("%.10f %.10f %.10f %.10f", math.sin(1), math.exp(1), math.log(10), math.sqrt(2)))
check("math", string.format("%.10f %.10f %.10f", math.atan(1, 2), math.log(8, 2), math.pi))
math.randomseed(42)
local r = {}
for i = 1, 5 do r[i] = math.random(100) end
check("random", table.concat(r, " "), math.random(0) ~= nil, math.random() < 1)
check("nan", 0/0 ~= 0/0, math.modf(3.7), math.modf(-3.7))

-- utf8
check("utf8", utf8.char(72, 228, 8364, 128512):byte(1, -1))
check("utf8", utf8.len("häß"), utf8.codepoint("€", 1), utf8.offset("aäb", 3), utf8.len("\xff"))
for p, c in utf8.codes("aä€") do io.write(p, "=", c, " ") end
print()

-- coroutine
local co = coroutine.create(function(a, b)
  local c = coroutine.yield(a + b)
  local d, e = coroutine.yield(c * 2)
  return d + e
end)
check("coroutine", coroutine.resume(co, 1, 2))
check("coroutine", coroutine.resume(co, 10))
check("coroutine", coroutine.resume(co, 3, 4))
check("coroutine", coroutine.resume(co), coroutine.status(co))
local gen = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end)
check("wrap", gen(), gen(), gen())
check("error inside", coroutine.resume(coroutine.create(function() error("oops") end)))
check("yield across pcall", coroutine.wrap(function() return pcall(function() coroutine.yield(1); error("after", 0) end) end)())
local cc = coroutine.create(function() local x <close> = setmetatable({}, {__close = function() print("closing") end}); coroutine.yield() end)
coroutine.resume(cc)
check("close", coroutine.close(cc), coroutine.status(cc), coroutine.isyieldable(), select(2, coroutine.running()))
local function producer(n) return coroutine.wrap(function() for i = 1, n do coroutine.yield(i) end end) end
local sum = 0
for i in producer(1000) do sum = sum + i end
check("many switches", sum)

-- os and io
check("date", os.date("!%Y-%m-%d %H:%M:%S", 86400), os.time({year = 2000, month = 1, day = 1, hour = 12}) ~= nil, type(os.clock()), os.getenv("NO_SUCH_THING"))
check("difftime", os.difftime(10, 5), os.date("!*t", 0).year, os.setlocale(nil), os.setlocale("C"))
local name = os.tmpname()
local f = assert(io.open(name, "w"))
f:write("line one\n", 2, "\n", 3.5, "\nlast")
check("seek", f:seek("cur"), f:seek("set", 5), f:seek("end"))
f:close()
for line in io.lines(name) do io.write("[", line, "]") end
print()
f = io.open(name)
check("read", f:read("l", "n", "n", "l", "a", "a", "l"))
f:close()
f = io.open(name, "a+"); f:write("\nmore"); f:seek("set"); check("append", #f:read("a")); f:close()
check("setvbuf", io.open(name):setvbuf("full", 1024), io.type(f), io.type(io.stdout), io.type(5))
check("rename", os.rename(name, name .. ".x"), io.open(name) == nil, os.remove(name .. ".x"))
check("missing", pcall(io.lines, "/no/such/file"))
check("closed", pcall(f.read, f))
check("buffered", io.output() == io.stdout, io.write("") == io.stdout)

-- debug and garbage
check("getinfo", debug.getinfo(1, "l").currentline, debug.getinfo(print).what, debug.getinfo(1, "S").short_src)
local function with_locals(x, y) local z = x + y; return debug.getlocal(1, 1), debug.getlocal(1, 3) end
check("getlocal", with_locals(1, 2))
check("traceback", (debug.traceback("message", 1):match("^[^\n]+")))
local hooks = 0
debug.sethook(function() hooks = hooks + 1 end, "l")
for i = 1, 3 do local x = i end
debug.sethook()
check("hook", hooks > 3)
local weak = setmetatable({}, {__mode = "k"})
weak[{}] = 1
collectgarbage()
check("weak", next(weak))
local finalized = 0
for i = 1, 100 do setmetatable({}, {__gc = function() finalized = finalized + 1 end}) end
collectgarbage(); collectgarbage()
check("finalizers", finalized, collectgarbage("count") > 0, collectgarbage("isrunning"))
check("generational", collectgarbage("generational"), collectgarbage("incremental"))
check("require", pcall(require, "no.such.module") == false, package.config:sub(1, 1), package.loaded.string == string)
