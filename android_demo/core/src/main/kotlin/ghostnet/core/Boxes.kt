package ghostnet.core

/** A rectangle in shares of a picture's sides: x to the right, y downwards. */
data class Corners(
    val x1: Double,
    val y1: Double,
    val x2: Double,
    val y2: Double,
) {
    /** As a screen shows it: a front camera's preview is a mirror, and its frames are not. */
    fun seenBy(mount: Mount): Corners = if (mount.isFront) Corners(1 - x2, y1, 1 - x1, y2) else this

    /** In which ninth of the picture its middle is. */
    val where: Where get() = Where.entries[3 * third((y1 + y2) / 2) + third((x1 + x2) / 2)]

    private fun third(share: Double) = (3 * share).toInt().coerceIn(0, 2)
}

/** Ninths of a picture, row by row. */
enum class Where {
    TOP_LEFT,
    TOP,
    TOP_RIGHT,
    LEFT,
    MIDDLE,
    RIGHT,
    BOTTOM_LEFT,
    BOTTOM,
    BOTTOM_RIGHT,
}

/** What is kept of a detector's boxes, by [keep]; as in `ghostnet_tf/tasks/detect/nms.py` where a record is silent. */
class BoxesKept(
    val iou: Float = 0.6f, // of two boxes of a class, above which the surer one stays
    val score: Float = 0.05f, // below it a box is none
    val most: Int = 100, // boxes of a photo
)

/** From this score on a box is shown to a person, as in `export/detection.py`. */
const val SHOWN_FROM = 0.3f

/** One thing on a photo. */
data class Thing(
    val label: Int, // its class
    val name: String,
    val score: Float,
    val corners: Corners, // of the photo
)

/**
 * A detector's two outputs -> what is shown, the surest first. [boxes] are x1 y1 x2 y2 of each, in
 * shares of what the network saw of the [photo]; [scores] those of every class of each.
 */
fun things(
    boxes: FloatArray,
    scores: FloatArray,
    record: Record,
    photo: Extent,
): List<Thing> {
    val rules = checkNotNull(record.boxes)
    val seen = record.preprocessing
    return keep(boxes, scores, rules.iou, maxOf(rules.score, SHOWN_FROM), rules.most).map {
        val (x1, y1, x2, y2) = List(4) { i -> boxes[4 * it.box + i].toDouble() }
        Thing(it.label, record.labels[it.label], it.score, seen.onPhoto(Corners(x1, y1, x2, y2), photo))
    }
}

/** One line for each class that was found, that of the surest thing first. */
fun linesOf(
    things: List<Thing>,
    mount: Mount = UPRIGHT,
): List<AnswerLine> =
    things.groupBy { it.label }.values.map { same ->
        val surest = same.first()
        AnswerLine(
            surest.name,
            percentOf(surest.score.toDouble()),
            same.size,
            surest.corners.seenBy(mount).where,
            classColour(surest.label),
        )
    }

/**
 * Where the name of a box stands, left and top: above it where there is room, and inside of the view.
 * All in pixels.
 */
fun nameAt(
    box: Seen,
    name: Extent,
    view: Extent,
): Pair<Double, Double> {
    val left = minOf(box.left, (view.width - name.width).toDouble())
    val top = if (box.top >= name.height) box.top - name.height else box.top
    return Pair(maxOf(0.0, left), maxOf(0.0, top))
}
