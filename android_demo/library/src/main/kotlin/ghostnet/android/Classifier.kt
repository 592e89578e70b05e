package ghostnet.android

import android.graphics.Bitmap
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
    private val note: String = "",
) : AutoCloseable {
    /** For the person: what really runs it. It may change with a run. */
    val accelerator get() = network.runsOn + note

    fun logits(photo: RgbImage): FloatArray = network.logits(record.preprocessing.input(photo))

    /** The names of all that this network can tell apart. */
    val names: List<String> get() = record.labels

    /** What the network sees of a photo, as a share of the largest of that shape in it. */
    val crop: Double get() = record.preprocessing.crop

    /** Width by height of what the network sees. */
    val aspect: Double get() = record.preprocessing.run { width.toDouble() / height }

    fun classify(
        photo: Bitmap,
        count: Int,
    ): Answers {
        val argb = IntArray(photo.width * photo.height)
        photo.getPixels(argb, 0, photo.width, 0, 0, photo.width, photo.height)
        return classify(RgbImage.fromArgb(photo.width, photo.height, argb), count)
    }

    fun classify(
        photo: RgbImage,
        count: Int,
    ): Answers {
        network.write(record.preprocessing.input(photo))
        val start = System.nanoTime()
        network.run()
        val ms = (System.nanoTime() - start) / 1e6
        return Answers(topAnswers(network.read(), record.labels, record.scores, count), ms)
    }

    override fun close() = network.close()

    companion object {
        /**
         * The GPU if that is [wanted] and it can; on the CPU the file with Ghost operators if there is
         * one and it can. The label says what it became.
         */
        fun open(
            artifact: Artifact,
            file: File,
            wanted: Accelerator = Accelerator.CPU,
            ghostop: (() -> Artifact)? = null,
        ): Classifier {
            val record = artifact.record
            if (wanted == Accelerator.GPU) {
                try {
                    return Classifier(record, PlainNetwork.open(record, file, wanted))
                } catch (_: BadModel) {
                    return Classifier(record, onCpu(record, file, ghostop), " (the GPU refused this model)")
                }
            }
            return Classifier(record, onCpu(record, file, ghostop))
        }

        private fun onCpu(
            record: Record,
            file: File,
            ghostop: (() -> Artifact)?,
        ): Network {
            val openPlain = { PlainNetwork.open(record, file) }
            return if (ghostop == null) openPlain() else OperatorNetwork.open(ghostop, openPlain)
        }
    }
}
