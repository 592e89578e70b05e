package ghostnet.demo

import android.Manifest
import android.graphics.Matrix
import android.graphics.SurfaceTexture
import android.hardware.camera2.CameraManager
import android.os.Bundle
import android.os.Handler
import android.os.HandlerThread
import android.view.TextureView
import android.view.View
import android.widget.TextView
import ghostnet.android.ModelAssets
import ghostnet.android.PhotoModel
import ghostnet.core.BadModel
import ghostnet.core.Extent
import ghostnet.core.Fit
import ghostnet.core.FrameGate
import ghostnet.core.LiveView
import ghostnet.core.Outcome
import ghostnet.core.Stage
import ghostnet.core.Trouble
import ghostnet.core.YuvFrame
import ghostnet.core.supervised
import ghostnet.core.uprightTurn

/** What the camera sees, named or framed live. When it does what is decided by [LiveView]. */
class CameraActivity : Screen(R.layout.camera, R.id.to_camera) {
    private lateinit var preview: TextureView
    private lateinit var frame: CropFrame
    private lateinit var times: TextView
    private lateinit var board: SightBoard
    private lateinit var live: LiveView
    private lateinit var cameras: CameraThread
    private lateinit var permission: PermissionDesk
    private var chooser: ModelChooser? = null
    private var opened: Opened? = null

    // Of the models' thread, which loads and runs them; the gate is touched on it alone.
    private val models = HandlerThread("models").apply { start() }
    private val work by lazy { Handler(models.looper) }
    private val gate = FrameGate<PhotoModel>()

    @Volatile
    private var crop = 1.0
    private var aspect: Double? = 1.0 // read after it

    override fun onCreate(state: Bundle?) {
        super.onCreate(state)
        preview = findViewById(R.id.preview)
        frame = findViewById(R.id.crop)
        times = findViewById(R.id.times)
        board = SightBoard(this, TOP)
        permission = PermissionDesk(this, Manifest.permission.CAMERA, R.string.no_permission, state)
        live = LiveView(Rooms(), state?.getBoolean("front") ?: false)
        cameras = CameraThread(getSystemService(CameraManager::class.java), work, News())
        preview.surfaceTextureListener = Texture()
        findViewById<View>(R.id.turn).setOnClickListener { live.switched() }
        try {
            chooser = ModelChooser(this, ModelAssets(this), Kind.PHOTOS, live::modelChanged)
        } catch (error: BadModel) {
            showProblem(error.message.orEmpty())
        }
    }

    override fun onSaveInstanceState(state: Bundle) {
        super.onSaveInstanceState(state)
        state.putBoolean("front", live.isFront)
        permission.keep(state)
    }

    override fun onResume() {
        super.onResume()
        if (chooser != null) live.resumed(permission.now())
    }

    override fun onPause() {
        live.paused()
        super.onPause()
    }

    override fun onDestroy() {
        cameras.close() // and the models' thread behind it
        super.onDestroy()
    }

    /** How the camera's picture lies in a view of that size; null without a camera or a view. */
    private fun fitIn(view: Extent): Fit? {
        val shown = opened ?: return null
        if (view.width == 0 || view.height == 0) return null
        return Fit(view, shown.capture.preview, shown.lens.mount, rotation())
    }

    /** Upright and undistorted, however the phone is held now: a half turn is told to nobody. */
    private fun fit() {
        val fit = fitIn(Extent(preview.width, preview.height)) ?: return
        preview.setTransform(Matrix().apply { setValues(fit.matrix()) })
        frame.show(fit.seen(crop, aspect))
    }

    /** On the models' thread. */
    private fun loadModel() =
        guarded {
            chooser?.photoModel()?.let {
                aspect = it.aspect
                crop = it.crop
                gate.opened(it)
                runOnUiThread(::fit)
            }
        }

    /** On the models' thread. What fails is shown, and closes the model: the next frames need not fail, too. */
    private fun guarded(work: () -> Unit) {
        val outcome = supervised("", { _, _ -> }, work)
        if (outcome !is Outcome.Failed) return
        gate.closed()?.close()
        runOnUiThread { showProblem(outcome.why, R.string.again, live::again) }
    }

    /** On the models' thread. */
    private fun look(
        seen: YuvFrame,
        lens: Lens,
    ) = guarded {
        gate.frame(System.nanoTime()) { model, frameMs ->
            val sight = model.look(seen.toRgb(uprightTurn(lens.mount, rotation())), TOP)
            val accelerator = model.accelerator
            runOnUiThread {
                fit()
                board.show(sight, lens.mount, ::fitIn)
                times.text = getString(R.string.times, sight.inferenceMs, frameMs, accelerator)
            }
        }
    }

    /** Android's constant, 0 to 3: how far the phone is turned from its natural orientation. */
    @Suppress("DEPRECATION") // its successor needs Android 11
    private fun rotation(): Int = windowManager.defaultDisplay.rotation

    private inner class Rooms : Stage {
        override fun openCamera(
            isFront: Boolean,
            attempt: Int,
        ) {
            preview.surfaceTexture?.let { cameras.open(isFront, attempt, it) }
        }

        override fun closeCamera() {
            cameras.shut()
        }

        override fun loadModel() {
            board.clear()
            times.text = getString(R.string.loading)
            work.post(::loadModel)
        }

        override fun closeModel() {
            work.post { gate.closed()?.close() }
        }

        override fun show(trouble: Trouble?) =
            when (trouble) {
                null -> hideProblem()
                Trouble.NOT_ASKED -> permission.ask()
                Trouble.REFUSED -> permission.explain()
                Trouble.NO_CAMERA -> showProblem(getString(R.string.no_camera))
                Trouble.LOST -> showProblem(getString(R.string.camera_lost), R.string.again, live::again)
            }
    }

    private inner class News : CameraThread.Listener {
        override fun opened(opened: Opened) =
            runOnUiThread {
                this@CameraActivity.opened = opened
                findViewById<View>(R.id.turn).visibility = if (opened.hasOther) View.VISIBLE else View.GONE
                fit()
            }

        override fun frame(
            frame: YuvFrame,
            lens: Lens,
        ) = look(frame, lens)

        override fun none() = runOnUiThread(live::noCamera)

        override fun sizesRefused(attempts: Int) = runOnUiThread { live.sizesRefused(attempts) }

        override fun lost() = runOnUiThread(live::lost)
    }

    private inner class Texture : TextureView.SurfaceTextureListener {
        override fun onSurfaceTextureAvailable(
            texture: SurfaceTexture,
            width: Int,
            height: Int,
        ) = live.surfaceCame()

        override fun onSurfaceTextureSizeChanged(
            texture: SurfaceTexture,
            width: Int,
            height: Int,
        ) = fit()

        override fun onSurfaceTextureDestroyed(texture: SurfaceTexture): Boolean {
            live.surfaceWent()
            return true
        }

        override fun onSurfaceTextureUpdated(texture: SurfaceTexture) = Unit
    }

    private companion object {
        const val TOP = 3
    }
}
