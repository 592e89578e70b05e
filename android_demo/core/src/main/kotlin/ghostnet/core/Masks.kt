package ghostnet.core

/** What a record says of a segmenter's answers. */
class MasksKept(
    val stride: Int, // pixels of the input for one answer, in each direction
    val colours: List<Int>, // of each class, 0xAARRGGBB
)

/** The class of every pixel of what a network saw, row after row. */
class PixelClasses(
    val width: Int,
    val height: Int,
    val classes: IntArray,
) {
    /** The share of each of [count] classes. */
    fun shares(count: Int): DoubleArray {
        val shares = DoubleArray(count)
        for (label in classes) shares[label] += 1.0 / classes.size
        return shares
    }

    /** (height, width) 0xAARRGGBB, as a screen shows it: a front camera's preview is a mirror. */
    fun picture(
        colours: List<Int>,
        mount: Mount,
    ): IntArray =
        IntArray(classes.size) {
            val (row, column) = Pair(it / width, it % width)
            val from = if (mount.isFront) width - 1 - column else column
            colours[classes[row * width + from]]
        }
}

/**
 * (h, w, classes) logits -> the class of every pixel, the first of the largest, after bilinear resizing with
 * pixels by their middles: `ghostnet_tf/tasks/segment/pixels.py` once more, bit for bit.
 */
fun pixelClasses(
    logits: FloatArray,
    from: Extent,
    to: Extent,
): PixelClasses {
    val count = logits.size / (from.width * from.height)
    val (rows, columns) = Pair(Between(from.height, to.height), Between(from.width, to.width))
    val length = from.width * count
    val row = FloatArray(length)
    val found = IntArray(to.width * to.height)
    for (y in 0 until to.height) {
        val (above, below) = Pair(rows.first[y] * length, rows.second[y] * length)
        for (i in 0 until length) row[i] = rows.between(y, logits[above + i], logits[below + i])
        for (x in 0 until to.width) {
            val (left, right) = Pair(columns.first[x] * count, columns.second[x] * count)
            var top = 0
            var most = Float.NEGATIVE_INFINITY
            for (label in 0 until count) {
                val value = columns.between(x, row[left + label], row[right + label])
                if (value > most) {
                    most = value
                    top = label
                }
            }
            found[y * to.width + x] = top
        }
    }
    return PixelClasses(to.width, to.height, found)
}

/** For every new pixel of an axis the two old ones that it lies between, and how near to the second. */
private class Between(
    from: Int,
    to: Int,
) {
    private val at =
        DoubleArray(to) { ((it + 0.5) * (from.toDouble() / to) - 0.5).coerceIn(0.0, from - 1.0) }
    val first = IntArray(to) { at[it].toInt() }
    val second = IntArray(to) { minOf(first[it] + 1, from - 1) }
    private val share = FloatArray(to) { (at[it] - first[it]).toFloat() }

    fun between(
        i: Int,
        a: Float,
        b: Float,
    ): Float = a + (b - a) * share[i]
}

/** One line for each class that covers anything, the largest first. */
fun linesOf(
    pixels: PixelClasses,
    labels: List<String>,
    colours: List<Int>,
): List<AnswerLine> {
    val shares = pixels.shares(labels.size)
    return shares.indices.filter { shares[it] > 0 }.sortedByDescending { shares[it] }.map {
        AnswerLine(labels[it], percentOf(shares[it]), colour = colours[it])
    }
}
