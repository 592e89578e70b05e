package ghostnet.android

import com.google.ai.edge.litert.Accelerator
import com.google.ai.edge.litert.CompiledModel
import com.google.ai.edge.litert.LiteRtException
import com.google.ai.edge.litert.TensorBuffer
import ghostnet.core.BadModel
import ghostnet.core.Record
import java.io.File

/** A file without operators of ours, through LiteRT's own class. */
class PlainNetwork private constructor(
    private val model: CompiledModel,
    override val loadMs: Double,
    override val runsOn: String,
) : Network {
    private val inputs: List<TensorBuffer> = model.createInputBuffers()
    private val outputs: List<TensorBuffer> = model.createOutputBuffers()

    override fun write(input: FloatArray) = inputs[0].writeFloat(input)

    override fun run() =
        try {
            model.run(inputs, outputs)
        } catch (error: LiteRtException) {
            throw BadModel("LiteRT stopped while it ran this model: ${error.message}")
        }

    override fun read(): List<FloatArray> = outputs.map { it.readFloat() }

    override fun close() {
        (inputs + outputs).forEach { it.close() }
        model.close()
    }

    companion object {
        /** The file must have been verified: LiteRT crashes on some damaged ones. */
        fun open(
            record: Record,
            file: File,
            accelerator: Accelerator = Accelerator.CPU,
        ): PlainNetwork {
            try {
                return compiled(file, accelerator).probed(record)
            } catch (error: LiteRtException) {
                throw BadModel("LiteRT cannot run this model on the $accelerator: ${error.message}")
            } catch (error: UnsatisfiedLinkError) {
                throw BadModel("LiteRT has no library for this phone's processor: ${error.message}")
            }
        }

        private fun compiled(
            file: File,
            accelerator: Accelerator,
        ): PlainNetwork {
            // One accelerator alone: with two, LiteRT falls back without a word.
            val options = CompiledModel.Options(accelerator)
            if (accelerator == Accelerator.CPU) {
                options.cpuOptions = CompiledModel.CpuOptions(numThreads = THREADS)
            }
            val start = System.nanoTime()
            val model = CompiledModel.create(file.path, options)
            val ms = (System.nanoTime() - start) / 1e6
            val label = if (accelerator == Accelerator.CPU) onCpu(THREADS) else "$accelerator"
            return PlainNetwork(model, ms, label)
        }
    }
}
