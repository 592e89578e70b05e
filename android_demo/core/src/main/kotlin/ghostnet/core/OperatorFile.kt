package ghostnet.core

private const val TFLITE = ".tflite"
private const val ALL = "_ghostop.tflite"
private const val DEPTHWISE = "_depthwise_ghostop.tflite"

/** GhostFile of kernels/ghost_op.h: what a processor should open of a network. */
const val PLAIN_FILE = 0
const val DEPTHWISE_FILE = 1
const val ALL_FILE = 2

/**
 * Of [files] the one with Ghost operators to open in place of the plain one, [name]; null: the plain
 * one. [best] is what kernels/which_file.c decides of this processor; where that file is not there, the
 * other one with operators is taken.
 */
fun operatorFile(
    name: String,
    best: Int,
    files: Collection<String>,
): String? {
    val ends =
        when (best) {
            ALL_FILE -> listOf(ALL, DEPTHWISE)
            DEPTHWISE_FILE -> listOf(DEPTHWISE, ALL)
            else -> emptyList()
        }
    return ends.map { name.removeSuffix(TFLITE) + it }.firstOrNull { it in files }
}
