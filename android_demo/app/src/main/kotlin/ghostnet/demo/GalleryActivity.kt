package ghostnet.demo

import android.content.Intent
import android.graphics.Bitmap
import android.graphics.ImageDecoder
import android.net.Uri
import android.os.Build
import android.os.Bundle
import android.widget.ImageView
import android.widget.TextView
import ghostnet.android.ModelAssets
import ghostnet.android.Sight
import ghostnet.core.BadModel
import ghostnet.core.Extent
import ghostnet.core.Fit
import ghostnet.core.Outcome
import ghostnet.core.UPRIGHT
import ghostnet.core.supervised
import java.io.IOException
import java.util.concurrent.Executors
import kotlin.math.ceil
import kotlin.math.sqrt

/** One photo of the person's own, named or framed. Android's picker hands over this photo and no other. */
class GalleryActivity : Screen(R.layout.gallery, R.id.to_gallery) {
    private val worker = Executors.newSingleThreadExecutor()
    private lateinit var board: SightBoard
    private var chooser: ModelChooser? = null
    private var photo: Uri? = null

    override fun onCreate(state: Bundle?) {
        super.onCreate(state)
        board = SightBoard(this, TOP)
        findViewById<TextView>(R.id.pick).setOnClickListener { pick() }
        try {
            chooser = ModelChooser(this, ModelAssets(this), Kind.PHOTOS, ::look)
        } catch (error: BadModel) {
            showProblem(error.message.orEmpty())
        }
        photo = state?.getString("photo")?.let(Uri::parse)
        look()
    }

    override fun onSaveInstanceState(state: Bundle) {
        super.onSaveInstanceState(state)
        state.putString("photo", photo?.toString())
    }

    override fun onDestroy() {
        worker.shutdown()
        super.onDestroy()
    }

    private fun pick() {
        val hasPicker = Build.VERSION.SDK_INT >= ANDROID_13
        val intent =
            if (hasPicker) {
                Intent(PICK_IMAGES)
            } else {
                Intent(Intent.ACTION_GET_CONTENT).addCategory(Intent.CATEGORY_OPENABLE)
            }
        startActivityForResult(intent.setType("image/*"), 0)
    }

    override fun onActivityResult(
        request: Int,
        result: Int,
        data: Intent?,
    ) {
        super.onActivityResult(request, result, data)
        photo = data?.data ?: return
        look()
    }

    private fun look() {
        val uri = photo ?: return
        val models = chooser ?: return
        board.clear()
        hideProblem()
        findViewById<TextView>(R.id.times).text = getString(R.string.loading)
        worker.execute {
            val outcome =
                supervised("", { _, _ -> }) {
                    val bitmap = decode(uri)
                    models.photoModel().use { model ->
                        val sight = model.look(bitmap, TOP)
                        runOnUiThread { show(bitmap, sight, model.accelerator) }
                    }
                }
            if (outcome is Outcome.Failed) runOnUiThread { showProblem(outcome.why) }
        }
    }

    private fun show(
        bitmap: Bitmap,
        sight: Sight,
        accelerator: String,
    ) {
        findViewById<ImageView>(R.id.photo).setImageBitmap(bitmap)
        val photo = Extent(bitmap.width, bitmap.height)
        board.show(sight, UPRIGHT) { view -> Fit(view, photo, UPRIGHT, 0) }
        findViewById<TextView>(R.id.times).text =
            getString(R.string.inference_time, sight.inferenceMs, accelerator)
    }

    /** Upright, as the photo's own EXIF data has it. A huge photo is shrunk while it is read. */
    private fun decode(uri: Uri): Bitmap =
        try {
            read(uri)
        } catch (_: IOException) {
            throw BadModel(getString(R.string.unreadable_photo))
        } catch (_: SecurityException) {
            throw BadModel(getString(R.string.unreadable_photo))
        }

    private fun read(uri: Uri): Bitmap =
        ImageDecoder.decodeBitmap(ImageDecoder.createSource(contentResolver, uri)) { decoder, info, _ ->
            decoder.allocator = ImageDecoder.ALLOCATOR_SOFTWARE // for pixels that can be read
            val pixels = info.size.width.toDouble() * info.size.height
            decoder.setTargetSampleSize(maxOf(1, ceil(sqrt(pixels / MAX_PIXELS)).toInt()))
        }

    private companion object {
        const val TOP = 5
        const val MAX_PIXELS = 4_000_000
        const val ANDROID_13 = 33
        const val PICK_IMAGES = "android.provider.action.PICK_IMAGES" // MediaStore's, since Android 13
    }
}
