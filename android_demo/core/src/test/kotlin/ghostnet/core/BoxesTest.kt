package ghostnet.core

import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Test

class BoxesTest {
    private val front = Mount(270, true)

    /** Of the record that Python wrote, as a detector of these names. */
    private fun record(
        boxes: String = """{"iou": 0.6, "score": 0.05, "most": 100}""",
        fit: String = "stretch",
    ): Record {
        val json =
            Goldens
                .json(
                    "record",
                ).replace("\"recipe\"", "\"task\": \"detect\", \"boxes\": $boxes, \"recipe\"")
        val stretched = json.replace("\"size\"", "\"fit\": \"$fit\", \"size\"")
        return Record.read(if (fit == "crop") stretched else stretched.replace("0.875", "1.0"))
    }

    private fun near(
        wanted: Corners,
        got: Corners,
    ) = listOf(wanted.x1 to got.x1, wanted.y1 to got.y1, wanted.x2 to got.x2, wanted.y2 to got.y2)
        .forEach { (a, b) -> assertEquals("$wanted $got", a, b, 1e-6) }

    @Test
    fun aThingHasItsOwnNameAndXComesBeforeY() {
        val boxes = floatArrayOf(0.5f, 0.1f, 0.9f, 0.3f, 0.1f, 0.5f, 0.2f, 0.9f)
        val found = things(boxes, floatArrayOf(0.1f, 0.8f, 0.9f, 0.29f), record(), Extent(640, 480))

        assertEquals(listOf("goldfish", "naïve \"frog\"\n"), found.map { it.name })
        assertEquals(listOf(0, 1), found.map { it.label })
        assertEquals(listOf(0.9f, 0.8f), found.map { it.score })
        near(Corners(0.1, 0.5, 0.2, 0.9), found[0].corners)
        near(Corners(0.5, 0.1, 0.9, 0.3), found[1].corners)
    }

    @Test
    fun aRecordMayAskForMoreAndNobodyIsShownLess() {
        val boxes = FloatArray(3 * 4) { it.toFloat() }
        val scores = floatArrayOf(0.95f, 0f, 0.5f, 0f, 0.2f, 0f)
        val shown = { kept: String -> things(boxes, scores, record(kept), Extent(9, 9)).size }

        assertEquals(2, shown("""{"iou": 0.6, "score": 0.05, "most": 100}"""))
        assertEquals(1, shown("""{"iou": 0.6, "score": 0.6, "most": 100}"""))
        assertEquals(1, shown("""{"iou": 0.6, "score": 0.05, "most": 1}"""))
    }

    @Test
    fun aBoxOfACroppedPhotoLiesOnTheWholeOne() {
        val whole = Corners(0.0, 0.0, 1.0, 1.0)
        val cropped = record(fit = "crop").preprocessing

        // 96 of 146 x 110 pixels, and of 110 x 146.
        near(
            Corners(25 / 146.0, 7 / 110.0, 121 / 146.0, 103 / 110.0),
            cropped.onPhoto(whole, Extent(640, 480)),
        )
        near(
            Corners(7 / 110.0, 25 / 146.0, 103 / 110.0, 121 / 146.0),
            cropped.onPhoto(whole, Extent(480, 640)),
        )
    }

    @Test
    fun aBoxStandsUprightInTheMiddleAndMirroredWhereThePreviewIs() {
        val box = Corners(0.1, 0.2, 0.3, 0.6)
        val upright = { mount: Mount -> Fit(Extent(480, 800), Extent(640, 480), mount, 0).place(box) }
        val turned = { mount: Mount, rotation: Int ->
            Fit(Extent(800, 480), Extent(640, 480), mount, rotation).place(box)
        }

        assertEquals("48 208 96 256", whole(upright(Mount(90, false))))
        assertEquals("336 208 96 256", whole(upright(front))) // 0.7 of 480
        assertEquals("144 96 128 192", whole(turned(Mount(90, false), 1)))
        assertEquals("528 96 128 192", whole(turned(front, 1)))
        assertEquals("528 96 128 192", whole(turned(front, 3)))
        assertEquals(listOf(Where.LEFT, Where.RIGHT), listOf(UPRIGHT, front).map { box.seenBy(it).where })
    }

    private fun whole(seen: Seen) =
        listOf(seen.left, seen.top, seen.width, seen.height).joinToString(" ") { "${Math.round(it)}" }

    /** Of a picture in shares of its sides, turned clockwise. */
    private fun turned(
        at: Pair<Double, Double>,
        degrees: Int,
    ): Pair<Double, Double> {
        val (x, y) = at
        return when (degrees) {
            0 -> at
            90 -> Pair(1 - y, x)
            180 -> Pair(1 - x, 1 - y)
            else -> Pair(y, 1 - x)
        }
    }

    @Test
    fun aBoxLiesWhereThePreviewShowsTheThingInEveryTurnOfEveryCamera() {
        val (view, stream) = Pair(Extent(700, 500), Extent(640, 480))
        for (sensor in listOf(0, 90, 180, 270)) {
            for (rotation in 0..3) {
                for (mount in listOf(Mount(sensor, false), Mount(sensor, true))) {
                    val fit = Fit(view, stream, mount, rotation)
                    val onSensor = Pair(0.2, 0.3)
                    val (x, y) = turned(onSensor, uprightTurn(mount, rotation)) // in the frame
                    val seen = fit.place(Corners(x, y, x, y))

                    // Android shows the natural orientation, of a front camera its mirror, over the whole view.
                    val (natural, down) = turned(onSensor, sensor)
                    val (a, b) =
                        Pair((if (mount.isFront) 1 - natural else natural) * view.width, down * view.height)
                    val m = fit.matrix()
                    assertEquals("$mount $rotation", m[0] * a + m[1] * b + m[2], seen.left, 1e-2)
                    assertEquals("$mount $rotation", m[3] * a + m[4] * b + m[5], seen.top, 1e-2)
                }
            }
        }
    }

    @Test
    fun aClassIsOneLineWithTheSurestOfIts() {
        val thing = {
            label: Int,
            score: Float,
            x: Double,
            ->
            Thing(label, "$label", score, Corners(x, 0.7, x, 0.9))
        }
        val found = listOf(thing(7, 0.9f, 0.1), thing(2, 0.8f, 0.5), thing(7, 0.7f, 0.9))

        val lines =
            listOf(
                AnswerLine("7", 90, 2, Where.BOTTOM_LEFT, classColour(7)),
                AnswerLine("2", 80, 1, Where.BOTTOM, classColour(2)),
            )
        assertEquals(lines, linesOf(found))
        assertEquals(Where.BOTTOM_RIGHT, linesOf(found, front)[0].where)
    }

    @Test
    fun aNameStandsAboveItsBoxWhereThereIsRoomAndAlwaysInTheView() {
        val (name, view) = Pair(Extent(50, 20), Extent(300, 200))
        val at = { left: Double, top: Double -> nameAt(Seen(left, top, 30.0, 30.0), name, view) }

        assertEquals(Pair(10.0, 80.0), at(10.0, 100.0))
        assertEquals(Pair(250.0, 15.0), at(290.0, 15.0))
        assertEquals(Pair(0.0, 0.0), at(-20.0, -5.0))
    }

    @Test
    fun aDetectorGivesTwoOutputsThatAgree() {
        val detector = record()

        detector.mustGive(listOf(40, 20))
        detector.mustBe(Task.DETECT)
        val sizes = listOf(listOf(20, 40), listOf(40), listOf(40, 20, 1), listOf(40, 21), listOf(0, 0))
        for (wrong in sizes) {
            assertThrows("$wrong", BadModel::class.java) { detector.mustGive(wrong) }
        }
        val error = assertThrows(BadModel::class.java) { detector.mustBe(Task.CLASSIFY) }
        assertEquals("This model finds things on photos; it is none that names photos.", error.message)
    }
}
