plugins {
    alias(libs.plugins.android.library)
}

group = "ghostnet.android" // another project's dependency is called ghostnet.android:library

android {
    namespace = "ghostnet.android"
    compileSdk = 36
    buildToolsVersion = "36.0.0"
    ndkVersion = "28.2.13676358" // r28c, whose linker aligns to 16 KB

    defaultConfig {
        minSdk = 29
        ndk {
            // What LiteRT's library is built for.
            abiFilters += listOf("arm64-v8a", "x86_64")
        }
    }

    // The Ghost operators, built by the NDK; without this an app runs the plain files and says so.
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
        // As the app's: what is measured is what would be released.
        create("measure") {
            initWith(getByName("release"))
        }
    }
}

dependencies {
    api(project(":core"))
    api(libs.litert)
}
