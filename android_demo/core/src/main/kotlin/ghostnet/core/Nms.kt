package ghostnet.core

/** One box that a detector is sure of. */
data class Found(
    val box: Int, // its number among those that were asked about
    val label: Int, // its class
    val score: Float,
)

/**
 * Of boxes that lie upon one another the surest, the surest first:
 * `ghostnet_tf/tasks/detect/nms.py` once more, bit for bit. [corners] are x1 y1 x2 y2 of each of n
 * boxes, [scores] those of every class of each.
 */
fun keep(
    corners: FloatArray,
    scores: FloatArray,
    iou: Float,
    score: Float,
    most: Int,
): List<Found> {
    if (corners.isEmpty()) return emptyList()
    val classes = scores.size / (corners.size / 4)
    // Sorting is stable; adding 0 makes one of 0 and -0, which it would tell apart.
    val candidates = scores.indices.filter { scores[it] >= score }.sortedByDescending { scores[it] + 0f }
    val kept = mutableListOf<Found>()
    for (i in candidates) {
        if (kept.size >= most) break
        val one = Found(i / classes, i % classes, scores[i])
        val isBehind = kept.any { it.label == one.label && overlap(corners, it.box, one.box) > iou }
        if (!isBehind) kept += one
    }
    return kept
}

/** What two boxes share of what they cover. */
fun overlap(
    corners: FloatArray,
    a: Int,
    b: Int,
): Float {
    val width = shared(corners, 4 * a, 4 * b)
    val height = shared(corners, 4 * a + 1, 4 * b + 1)
    val both = width * height
    val covered = (area(corners, 4 * a) + area(corners, 4 * b)) - both
    return if (covered > 0f) both / covered else 0f
}

/** Of two boxes' extents in one direction; each begins at its index and ends two further on. */
private fun shared(
    corners: FloatArray,
    a: Int,
    b: Int,
): Float = maxOf(0f, minOf(corners[a + 2], corners[b + 2]) - maxOf(corners[a], corners[b]))

private fun area(
    corners: FloatArray,
    at: Int,
): Float = (corners[at + 2] - corners[at]) * (corners[at + 3] - corners[at + 1])
