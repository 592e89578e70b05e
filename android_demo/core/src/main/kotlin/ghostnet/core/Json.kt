package ghostnet.core

/** JSON is not what it should be; the text says where. */
class JsonError(
    what: String,
) : Exception(what)

/**
 * A small JSON reader and writer, because Android's own is not on the desktop, where this code is
 * tested. Objects are maps, arrays are lists, numbers are Long or Double.
 */
object Json {
    fun read(text: String): Any? = Reader(text).document()

    fun write(value: Any?): String = StringBuilder().also { append(it, value) }.toString()

    private fun append(
        out: StringBuilder,
        value: Any?,
    ) {
        when (value) {
            null, is Boolean, is Int, is Long -> {
                out.append(value)
            }

            is Double -> {
                require(value.isFinite()) { "JSON has no $value" }
                out.append(value)
            }

            is String -> {
                quote(out, value)
            }

            is List<*> -> {
                out.append('[')
                value.forEachIndexed { i, item ->
                    if (i > 0) out.append(", ")
                    append(out, item)
                }
                out.append(']')
            }

            is Map<*, *> -> {
                out.append('{')
                value.entries.forEachIndexed { i, (name, item) ->
                    if (i > 0) out.append(", ")
                    quote(out, name as String)
                    out.append(": ")
                    append(out, item)
                }
                out.append('}')
            }

            else -> {
                throw IllegalArgumentException("JSON has no ${value.javaClass.name}")
            }
        }
    }

    private fun quote(
        out: StringBuilder,
        text: String,
    ) {
        out.append('"')
        for (letter in text) {
            when {
                letter == '"' || letter == '\\' -> out.append('\\').append(letter)
                letter < ' ' -> out.append("\\u%04x".format(letter.code))
                else -> out.append(letter)
            }
        }
        out.append('"')
    }

    private class Reader(
        private val text: String,
    ) {
        private var at = 0

        fun document(): Any? {
            val value = value(0)
            if (next() != END) fail("more after the end")
            return value
        }

        private fun value(depth: Int): Any? {
            if (depth > MAX_DEPTH) fail("too deep")
            return when (next()) {
                '{' -> members(depth)
                '[' -> items(depth)
                '"' -> string()
                't' -> word("true", true)
                'f' -> word("false", false)
                'n' -> word("null", null)
                else -> number()
            }
        }

        private fun members(depth: Int): Map<String, Any?> {
            val found = LinkedHashMap<String, Any?>()
            at++
            if (next() == '}') return found.also { at++ }
            while (true) {
                if (next() != '"') fail("a name is missing")
                val name = string()
                if (next() != ':') fail("':' is missing")
                at++
                if (name in found) fail("'$name' stands twice")
                found[name] = value(depth + 1)
                if (isLast('}')) return found
            }
        }

        private fun items(depth: Int): List<Any?> {
            val found = ArrayList<Any?>()
            at++
            if (next() == ']') return found.also { at++ }
            while (true) {
                found += value(depth + 1)
                if (isLast(']')) return found
            }
        }

        private fun isLast(bracket: Char): Boolean {
            val letter = next()
            if (letter != ',' && letter != bracket) fail("',' or '$bracket' is missing")
            at++
            return letter == bracket
        }

        private fun string(): String {
            val out = StringBuilder()
            at++
            while (true) {
                when (val letter = letter()) {
                    '"' -> return out.toString()
                    '\\' -> out.append(escaped())
                    else -> if (letter < ' ') fail("a bare control character") else out.append(letter)
                }
            }
        }

        private fun escaped(): Char {
            val letter = letter()
            if (letter == 'u') {
                if (at + 4 > text.length) fail("half a character")
                val code = text.substring(at, at + 4).toIntOrNull(16) ?: fail("no character")
                at += 4
                return code.toChar()
            }
            val which = "\"\\/bfnrt".indexOf(letter)
            if (which < 0) fail("an unknown escape")
            return "\"\\/\b\u000c\n\r\t"[which]
        }

        private fun letter(): Char = if (at < text.length) text[at++] else fail("a string has no end")

        private fun word(
            word: String,
            value: Any?,
        ): Any? {
            if (!text.startsWith(word, at)) fail("no value")
            at += word.length
            return value
        }

        private fun number(): Any {
            val found = NUMBER.matchAt(text, at)?.value ?: fail("no value")
            at += found.length
            val value = found.toLongOrNull() ?: found.toDouble()
            return if (value is Double && !value.isFinite()) fail("a number without end") else value
        }

        /** The next letter that is no space; [END] after the last one. */
        private fun next(): Char {
            while (at < text.length && text[at] in " \t\n\r") at++
            return if (at < text.length) text[at] else END
        }

        private fun fail(what: String): Nothing = throw JsonError("$what at letter $at")
    }

    private const val END = '\u0000'
    private const val MAX_DEPTH = 64
    private val NUMBER = Regex("-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?")
}
