package ghostnet.android

import ghostnet.core.BadModel
import ghostnet.core.Record
import ghostnet.core.noise

/** A compiled `.tflite` with buffers of its own: float32 in, float32 out. Errors are [BadModel]. */
interface Network : AutoCloseable {
    val loadMs: Double // from the file to a compiled model
    val runsOn: String // for the person

    fun write(input: FloatArray)

    /** Even a network that has run before may fail: a GPU's driver, say. */
    fun run()

    /** Every output, in the order of the file. */
    fun read(): List<FloatArray>
}

/** Of every network on the CPU: what is asked of LiteRT, and what a label says. */
const val THREADS = 1

/** The label of so many threads. */
fun onCpu(threads: Int): String = if (threads == 1) "CPU, 1 thread" else "CPU, $threads threads"

/** This network after it has run once, on noise, and gave as many numbers as its record promises. */
internal fun <T : Network> T.probed(record: Record): T {
    try {
        write(noise(record.inputSize))
        run()
        record.mustGive(read().map { it.size })
        return this
    } catch (error: BadModel) {
        close()
        throw error
    }
}
