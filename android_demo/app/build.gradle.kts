plugins {
    alias(libs.plugins.android.application)
}

android {
    namespace = "ghostnet.demo"
    compileSdk = 36
    buildToolsVersion = "36.0.0"

    defaultConfig {
        applicationId = "ghostnet.demo"
        minSdk = 29
        targetSdk = 36
        versionCode = 1
        versionName = "0.1.0"
        ndk {
            // What LiteRT's library is built for.
            abiFilters += listOf("arm64-v8a", "x86_64")
        }
    }

    // The Ghost operators, built by the NDK; without this the app runs the plain files and says so.
    externalNativeBuild {
        cmake {
            path = file("src/main/cpp/CMakeLists.txt")
        }
    }

    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_11
        targetCompatibility = JavaVersion.VERSION_11
    }

    buildTypes {
        release {
            isMinifyEnabled = false // 40 kB of our own code is not worth a rule for LiteRT's JNI
        }
    }
}

dependencies {
    implementation(project(":core"))
    implementation(libs.litert)
}

// An app without models is of no use, and Gradle would build one without a word.
val checkAssets =
    tasks.register("checkAssets") {
        val models = layout.projectDirectory.dir("src/main/assets/models").asFile
        doLast {
            check(models.listFiles().orEmpty().any { it.extension == "tflite" }) {
                "There is no model in ${models.path}: run `make android-assets` in the project's root first."
            }
        }
    }

tasks.named("preBuild") {
    dependsOn(checkAssets)
}
