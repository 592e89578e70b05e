package ghostnet.demo

import com.google.ai.edge.litert.Accelerator
import com.google.ai.edge.litert.CompiledModel
import com.google.ai.edge.litert.LiteRtException
import com.google.ai.edge.litert.TensorBuffer
import ghostnet.core.BadModel
import ghostnet.core.Record
import ghostnet.core.RgbImage
import ghostnet.core.noise
import java.io.File

/** A `.tflite` compiled by LiteRT, with buffers of its own: float32 in, float32 out. */
class Network private constructor(
    private val model: CompiledModel,
    val loadMs: Double, // from the file to a compiled model
) : AutoCloseable {
    private val inputs: List<TensorBuffer> = model.createInputBuffers()
    private val outputs: List<TensorBuffer> = model.createOutputBuffers()

    fun write(input: FloatArray) = inputs[0].writeFloat(input)

    /** Even a network that has run before may fail: a GPU's driver, say. */
    fun run() =
        try {
            model.run(inputs, outputs)
        } catch (error: LiteRtException) {
            throw BadModel("LiteRT stopped while it ran this model: ${error.message}")
        }

    fun read(): FloatArray = outputs[0].readFloat()

    /** (size, size, 3) -> (classes,) logits. */
    fun logits(input: FloatArray): FloatArray {
        write(input)
        run()
        return read()
    }

    override fun close() {
        (inputs + outputs).forEach { it.close() }
        model.close()
    }

    companion object {
        /**
         * A network that has run once, on noise, and gave as many numbers as its record promises.
         * The file must have been verified: LiteRT crashes on some damaged ones.
         */
        fun open(
            record: Record,
            file: File,
            accelerator: Accelerator = Accelerator.CPU,
        ): Network {
            try {
                return compiled(file, accelerator).also { probe(it, record) }
            } catch (error: LiteRtException) {
                throw BadModel("LiteRT cannot run this model on the $accelerator: ${error.message}")
            } catch (error: UnsatisfiedLinkError) {
                throw BadModel("LiteRT has no library for this phone's processor: ${error.message}")
            }
        }

        private fun compiled(
            file: File,
            accelerator: Accelerator,
        ): Network {
            // One accelerator alone: with two, LiteRT falls back without a word.
            val options = CompiledModel.Options(accelerator)
            if (accelerator == Accelerator.CPU) {
                options.cpuOptions = CompiledModel.CpuOptions(numThreads = 1)
            }
            val start = System.nanoTime()
            val model = CompiledModel.create(file.path, options)
            return Network(model, (System.nanoTime() - start) / 1e6)
        }

        private fun probe(
            network: Network,
            record: Record,
        ) {
            val size = record.preprocessing.size
            val classes = network.logits(noise(size * size * RgbImage.CHANNELS)).size
            if (record.labels.isNotEmpty() && classes != record.labels.size) {
                network.close()
                throw BadModel("This model has $classes classes, and ${record.labels.size} names for them.")
            }
        }
    }
}
