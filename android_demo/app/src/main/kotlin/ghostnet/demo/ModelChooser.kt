package ghostnet.demo

import android.R.layout.simple_spinner_dropdown_item
import android.R.layout.simple_spinner_item
import android.app.Activity
import android.view.View
import android.widget.AdapterView
import android.widget.ArrayAdapter
import android.widget.Spinner
import android.widget.Switch
import com.google.ai.edge.litert.Accelerator
import ghostnet.android.Listener
import ghostnet.android.ModelAssets
import ghostnet.android.PhotoModel
import ghostnet.core.BadModel
import ghostnet.core.Record

/** The two controls above camera, gallery and microphone: which model, and whether it may use the GPU. */
class ModelChooser(
    private val activity: Activity,
    private val models: ModelAssets,
    private val kind: Kind,
    private val changed: () -> Unit,
) {
    private val choice = Choice(activity)
    private val names =
        kind.tasks.flatMap(models::usable).ifEmpty { throw BadModel(activity.getString(kind.none)) }

    init {
        activity.findViewById<View>(R.id.classes).setOnClickListener { showClasses(activity, record()) }
        val records = names.map(models::record)
        val titles = records.map { activity.getString(R.string.model_title, it.title, it.recipe) }
        val spinner = activity.findViewById<Spinner>(R.id.model)
        spinner.adapter =
            ArrayAdapter(activity, simple_spinner_item, titles).apply {
                setDropDownViewResource(simple_spinner_dropdown_item)
            }
        spinner.setSelection(names.indexOf(chosen()))
        spinner.onItemSelectedListener = Selection()
        val gpu = activity.findViewById<Switch>(R.id.gpu)
        gpu.isChecked = choice.accelerator == Accelerator.GPU
        gpu.setOnCheckedChangeListener { _, isOn ->
            choice.accelerator = if (isOn) Accelerator.GPU else Accelerator.CPU
            changed()
        }
    }

    /** Slow: it reads, verifies and compiles the model. */
    fun photoModel(): PhotoModel = models.photoModel(chosen(), choice.accelerator)

    /** As slow. */
    fun listener(): Listener = models.listener(chosen(), choice.accelerator)

    /** Of the chosen model. */
    fun record(): Record = models.record(chosen())

    private fun chosen(): String = choice.model(kind)?.takeIf { it in names } ?: names.first()

    private inner class Selection : AdapterView.OnItemSelectedListener {
        override fun onItemSelected(
            parent: AdapterView<*>?,
            view: View?,
            position: Int,
            id: Long,
        ) {
            if (names[position] == chosen()) return // Android tells of the first selection, too
            choice.choose(kind, names[position])
            changed()
        }

        override fun onNothingSelected(parent: AdapterView<*>?) = Unit
    }
}
