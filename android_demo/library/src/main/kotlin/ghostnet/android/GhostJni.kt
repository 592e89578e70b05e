package ghostnet.android

import ghostnet.core.BadModel

/** cpp/ghost_jni.c. A network is the number that [open] gave, until [close]; errors are [BadModel]. */
internal object GhostJni {
    /** Why it is not in this app, or not for this processor; null where it is. */
    val missing: String? by lazy {
        try {
            System.loadLibrary("ghost_jni")
            null
        } catch (error: UnsatisfiedLinkError) {
            error.message.orEmpty()
        }
    }

    /** [inHalf]: floats in half precision; [BadModel] where the processor cannot multiply them. */
    external fun open(
        model: ByteArray,
        threads: Int,
        hasOperators: Boolean,
        inHalf: Boolean,
    ): Long

    /** Which of a network's files this processor should open: a GhostFile of kernels/ghost_op.h. */
    external fun file(
        isInt8: Boolean,
        inHalf: Boolean,
    ): Int

    /** The operators' instructions; empty without operators. */
    external fun variant(network: Long): String

    external fun write(
        network: Long,
        input: FloatArray,
    )

    external fun run(network: Long)

    /** How many there are. */
    external fun outputs(network: Long): Int

    external fun read(
        network: Long,
        output: Int,
    ): FloatArray

    external fun close(network: Long)

    /** Asks for [core] for the calling thread; where it is then, or -1 where that is refused. */
    external fun pin(core: Int): Int

    /** Where the calling thread is. */
    external fun core(): Int
}
