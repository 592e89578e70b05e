package ghostnet.core

import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Test

class MasksTest {
    private val masks = """"masks": {"stride": 8, "ignored": 255, "colours": [[1, 2, 3], [255, 0, 16]]}"""
    private val json =
        Goldens.json("record").replace("\"recipe\"", "\"task\": \"segment\", $masks, \"recipe\"")

    @Test
    fun classesOfPixelsAreThoseOfPython() {
        for (case in Goldens.cases("masks")) {
            val sides = { name: String -> case.numbers(name).map { it.toInt() }.let { Extent(it[1], it[0]) } }

            val found = pixelClasses(Goldens.floats(case.text("logits")), sides("from"), sides("to"))

            val bytes = ByteArray(found.classes.size) { found.classes[it].toByte() }
            assertEquals(case.text("classes_sha256"), sha256(bytes))
        }
    }

    @Test
    fun aRecordSaysColoursAndStride() {
        val record = Record.read(json)

        assertEquals(listOf(0xFF010203.toInt(), 0xFFFF0010.toInt()), record.masks!!.colours)
        record.mustGive(listOf(12 * 12 * 2)) // of 96 x 96 pixels
        assertThrows(BadModel::class.java) { record.mustGive(listOf(96 * 96 * 2)) }
        val own = Record.read(json.replace(Regex("\"colours\": \\[\\[.*?]]"), "\"colours\": []"))
        assertEquals(listOf(0, 1).map(::classColour), own.masks!!.colours)
        val wrong =
            listOf(json.replace("\"stride\": 8", "\"stride\": 0"), json.replace("[1, 2, 3]", "[1, 2]"))
        for (text in wrong) assertThrows(BadModel::class.java) { Record.read(text) }
    }

    @Test
    fun aFrontCamerasMaskIsAMirrorLikeItsPreview() {
        val pixels = PixelClasses(3, 2, intArrayOf(0, 1, 1, 0, 0, 1))

        assertEquals(listOf(7, 9, 9, 7, 7, 9), pixels.picture(listOf(7, 9), UPRIGHT).toList())
        assertEquals(listOf(9, 9, 7, 9, 7, 7), pixels.picture(listOf(7, 9), Mount(270, true)).toList())
    }

    @Test
    fun whatCoversMostComesFirst() {
        val pixels = PixelClasses(4, 1, intArrayOf(2, 0, 2, 2))
        val lines = linesOf(pixels, listOf("sky", "road", "car"), listOf(1, 2, 3))

        assertEquals(listOf("car 75 3", "sky 25 1"), lines.map { "${it.name} ${it.percent} ${it.colour}" })
    }
}
