package ghostnet.core

import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test

class RecordTest {
    private val json = Goldens.json("record")

    @Test
    fun aRecordThatPythonWroteIsRead() {
        val record = Record.read(json)

        assertEquals("ghostnet_050 tinyimagenet", record.title)
        assertEquals(listOf("goldfish", "naïve \"frog\"\n"), record.labels)
        assertEquals(Scores.SIGMOID, record.scores)
        assertEquals(0.5, record.top1)
        assertEquals(listOf(96, 96), record.preprocessing.run { listOf(height, width) })
        assertEquals(Resample.BILINEAR, record.preprocessing.resample)
        assertFalse(record.isGraphOnly)
    }

    @Test
    fun anOldRecordWithoutScoresIsReadByItsOperators() {
        val old = json.replace("\"scores\": \"sigmoid\",", "")
        val ended = old.replace("\"ADD\": 1", "\"SOFTMAX\": 1")

        assertEquals(Scores.LOGITS, Record.read(old).scores)
        assertEquals(Scores.SOFTMAX, Record.read(ended).scores)
    }

    @Test
    fun sidesThatDifferAndGreyAreRead() {
        val oblong = json.replace("\"size\": 96", "\"size\": [64, 112]")
        val grey = oblong.replace("\"size\"", "\"channels\": 1, \"size\"")
        val one = grey.replace(Regex("\"(mean|std)\": \\[[^]]*]"), "\"$1\": [0.5]")

        assertEquals(listOf(64, 112), Record.read(oblong).preprocessing.run { listOf(height, width) })
        assertEquals(64 * 112, Record.read(one).preprocessing.inputSize)
        assertThrows(BadModel::class.java) { Record.read(grey) } // three means for one channel
    }

    @Test
    fun aModelThatTakesNoPhotoSaysSo() {
        val other = json.replace(Regex("\"preprocessing\": \\{[^}]*}"), "\"preprocessing\": null")

        val error = assertThrows(BadModel::class.java) { Record.read(other) }
        assertEquals("The model's record cannot be used: it takes no photo, but other inputs.", error.message)
    }

    @Test
    fun aModelOfAnotherTaskSaysSo() {
        val task = { name: String -> json.replace("\"recipe\"", "\"task\": \"$name\", \"recipe\"") }

        val error = assertThrows(BadModel::class.java) { Record.read(task("count")) }
        assertEquals(
            "The model's record cannot be used: its task is count, which this app does not know.",
            error.message,
        )
        assertEquals(Task.CLASSIFY, Record.read(task("classify")).task)
        assertEquals(0.6f, Record.read(task("detect")).boxes!!.iou)
        assertFalse(Record.read(json).preprocessing.isStretched)
    }

    @Test
    fun randomWeightsAreCalledGraphOnly() {
        val record = Record.read(json.replace("\"tinyimagenet\"", "\"seeded\""))

        assertTrue(record.isGraphOnly)
        assertEquals("ghostnet_050 (graph only)", record.title)
    }

    @Test
    fun operatorsAreNamedInTheTitle() {
        val record = Record.read(json.replace("\"operators\": null", "\"operators\": {}"))

        assertTrue(record.hasOperators)
        assertEquals("ghostnet_050 tinyimagenet with Ghost operators", record.title)
        assertFalse(Record.read(json).hasOperators)
    }

    @Test
    fun aModelThatHearsSaysHow() {
        val sound = { more: String ->
            json
                .replace(Regex("\"preprocessing\": \\{[^}]*}"), "\"preprocessing\": null")
                .replace("\"recipe\"", "\"task\": \"keywords\", \"sound\": {\"rate\": 8000$more}, \"recipe\"")
        }
        val heard = Record.read(sound(", \"length\": 4000"))

        assertEquals(listOf(8_000, 4_000), listOf(heard.sound.rate, heard.sound.length))
        assertEquals(4_000, heard.inputSize)
        assertEquals(0.6, heard.sound.smoothing.score, 0.0)
        val rules =
            Record.read(
                sound(", \"length\": 4000, \"smoothing\": {\"seconds\": 2, \"score\": 0.5, \"rest\": 3}"),
            )
        assertEquals(listOf(2.0, 0.5, 3.0), rules.sound.smoothing.run { listOf(seconds, score, rest) })
        assertThrows(BadModel::class.java) { heard.preprocessing }
        assertThrows(BadModel::class.java) { Record.read(json).sound }
        for (wrong in listOf("", ", \"length\": 4", ", \"length\": 4000, \"streaming\": {\"hop\": 1}")) {
            assertThrows(wrong, BadModel::class.java) { Record.read(sound(wrong)) }
        }
    }

    @Test
    fun asManyOutputsAsNamesAreWanted() {
        val record = Record.read(json)

        record.mustGive(listOf(2))
        record.mustGive(listOf(1)) // one number for two classes
        assertThrows(BadModel::class.java) { record.mustGive(listOf(3)) }
        assertThrows(BadModel::class.java) { record.mustGive(listOf(2, 2)) }
    }

    @Test
    fun anyOtherRecordIsAnExplainedError() {
        val wrong =
            listOf(
                json.replace("\"schema\": 1", "\"schema\": 2"),
                json.replace("\"labels\"", "\"names\""),
                json.replace("\"sigmoid\"", "\"odds\""),
                json.replace("\"bilinear\"", "\"nearest\""),
                json.replace("\"size\": 96", "\"size\": 0"),
                json.replace("\"size\": 96", "\"size\": [96]"),
                json.replace("\"size\": 96", "\"size\": [96, \"96\"]"),
                json.replace("\"size\": 96", "\"fit\": \"squeeze\", \"size\": 96"),
                json.replace("\"recipe\"", "\"task\": \"detect\", \"boxes\": 5, \"recipe\""),
                json.replace("\"size\": 96", "\"channels\": 2, \"size\": 96"),
                json.replace("\"accuracy\": {", "\"accuracy\": 5, \"other\": {"),
                json.take(100),
                "[]",
            )
        for (text in wrong) {
            assertTrue(text != json)
            val error = assertThrows(text, BadModel::class.java) { Record.read(text) }
            assertTrue(error.message!!.startsWith("The model's record cannot be used: "))
        }
    }

    @Test
    fun aFileWithAnotherHashIsRefused() {
        val bytes = byteArrayOf(1, 2, 3)
        val record = Record.read(json.replace("2".repeat(64), sha256(bytes)))

        Artifact("whole.tflite", bytes, record)

        assertThrows(BadModel::class.java) { Artifact("damaged.tflite", byteArrayOf(1, 2, 4), record) }
    }
}
