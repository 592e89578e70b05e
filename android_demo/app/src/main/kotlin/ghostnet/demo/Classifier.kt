package ghostnet.demo

import com.google.ai.edge.litert.Accelerator
import ghostnet.core.Answer
import ghostnet.core.Artifact
import ghostnet.core.BadModel
import ghostnet.core.Record
import ghostnet.core.RgbImage
import ghostnet.core.topAnswers
import java.io.File

/** What one photo shows, and how long the network alone took to say so. */
class Answers(
    val top: List<Answer>,
    val inferenceMs: Double,
)

/** From a photo to names: a network with what its record says of it. */
class Classifier private constructor(
    private val record: Record,
    private val network: Network,
    val accelerator: String, // for the person: what really runs it
) : AutoCloseable {
    fun logits(photo: RgbImage): FloatArray = network.logits(record.preprocessing.input(photo))

    fun classify(
        photo: RgbImage,
        count: Int,
    ): Answers {
        network.write(record.preprocessing.input(photo))
        val start = System.nanoTime()
        network.run()
        val ms = (System.nanoTime() - start) / 1e6
        return Answers(topAnswers(network.read(), record.labels, count), ms)
    }

    override fun close() = network.close()

    companion object {
        private const val CPU = "CPU, 1 thread"

        /** The GPU if that is [wanted] and it can; the label says what it became. */
        fun open(
            artifact: Artifact,
            file: File,
            wanted: Accelerator = Accelerator.CPU,
        ): Classifier {
            val record = artifact.record
            if (wanted == Accelerator.GPU) {
                try {
                    return Classifier(record, Network.open(record, file, wanted), "GPU")
                } catch (_: BadModel) {
                    val label = "$CPU (the GPU refused this model)"
                    return Classifier(record, Network.open(record, file), label)
                }
            }
            return Classifier(record, Network.open(record, file), CPU)
        }
    }
}
