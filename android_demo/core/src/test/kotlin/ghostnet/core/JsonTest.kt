package ghostnet.core

import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Test

class JsonTest {
    @Test
    fun whatIsWrittenIsReadAgain() {
        val value =
            mapOf(
                "text" to "a \"b\" \\ \n \u0001 ü 猫",
                "whole" to 12L,
                "part" to -0.1,
                "large" to 1.0e300,
                "list" to listOf(true, false, null, emptyList<Any>(), emptyMap<String, Any>()),
            )

        assertEquals(value, Json.read(Json.write(value)))
    }

    @Test
    fun theFormsOfNumbersAndEscapesAreRead() {
        assertEquals(listOf(0L, -5L, 2.5, 1e-7, 1e3), Json.read("[0, -5, 2.5, 1e-7, 1E+3]"))
        assertEquals("/\b\u000c\n\r\té", Json.read("\"\\/\\b\\f\\n\\r\\t\\u00e9\""))
        assertEquals(mapOf("a" to listOf<Any>()), Json.read(" {\"a\" : [ ] } "))
    }

    @Test
    fun whatIsNoJsonIsRefused() {
        val wrong =
            listOf(
                "",
                "{",
                "[1,]",
                "{\"a\":}",
                "{\"a\" 1}",
                "[1 2]",
                "nul",
                "01",
                "1.",
                "+1",
                "\"a",
                "\"\\x\"",
                "\"\\u12\"",
                "{\"a\":1,\"a\":2}",
                "1 2",
                "1e999",
                "NaN",
                "\"\u0001\"",
                "[".repeat(100),
            )
        for (text in wrong) {
            assertThrows(text, JsonError::class.java) { Json.read(text) }
        }
    }
}
