// The seed network in C++17: the standard library and plain loops. Its twins: in_*.

#include <algorithm>
#include <cmath>
#include <ctime>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <tuple>
#include <vector>

const std::vector<int> SIZES = {784, 16, 16, 10};
const double RATE = 0.1;

struct Matrix {
    int rows, columns;
    std::vector<double> numbers;
    Matrix(int n, int m) : rows(n), columns(m), numbers(std::size_t(n) * m) {}
    double* operator[](int i) { return numbers.data() + std::size_t(i) * columns; }
    const double* operator[](int i) const { return numbers.data() + std::size_t(i) * columns; }
};

struct Layer {
    Matrix W, b;
};

std::vector<unsigned char> bytes(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

// The network, a (W, b) for each layer; the images (n, 784); the targets (n, 10).
std::tuple<std::vector<Layer>, Matrix, Matrix> read(const std::string& folder) {
    std::ifstream file(folder + "/weights");
    std::vector<Layer> net;
    for (std::size_t i = 0; i + 1 < SIZES.size(); i++) {
        Matrix W(SIZES[i], SIZES[i + 1]), b(1, SIZES[i + 1]);
        for (double& w : W.numbers) file >> w;
        for (double& w : b.numbers) file >> w;
        net.push_back({W, b});
    }
    auto pixels = bytes(folder + "/images"), labels = bytes(folder + "/labels");
    Matrix images(labels.size(), 784), targets(labels.size(), 10);
    for (std::size_t i = 0; i < pixels.size(); i++) images.numbers[i] = pixels[i] / 255.0;
    for (std::size_t i = 0; i < labels.size(); i++) targets[i][labels[i]] = 1;
    return {net, images, targets};
}

Matrix transposed(const Matrix& A) {
    Matrix T(A.columns, A.rows);
    for (int i = 0; i < A.rows; i++)
        for (int j = 0; j < A.columns; j++) T[j][i] = A[i][j];
    return T;
}

// The matrix product, in the order in which the numbers lie in memory.
Matrix product(const Matrix& A, const Matrix& B) {
    Matrix C(A.rows, B.columns);
    for (int i = 0; i < A.rows; i++)
        for (int k = 0; k < A.columns; k++)
            for (int j = 0; j < B.columns; j++) C[i][j] += A[i][k] * B[k][j];
    return C;
}

double sigmoid(double z) { return 1 / (1 + std::exp(-z)); }

// The activations of all layers, from the images x to the output.
std::vector<Matrix> forward(const std::vector<Layer>& net, const Matrix& x) {
    std::vector<Matrix> activations = {x};
    for (const auto& [W, b] : net) {
        Matrix a = product(activations.back(), W);
        for (int i = 0; i < a.rows; i++)
            for (int j = 0; j < a.columns; j++) a[i][j] = sigmoid(a[i][j] + b[0][j]);
        activations.push_back(a);
    }
    return activations;
}

// Half the squared error, summed over the batch.
double loss(const Matrix& output, const Matrix& y) {
    double total = 0;
    for (std::size_t i = 0; i < y.numbers.size(); i++)
        total += std::pow(output.numbers[i] - y.numbers[i], 2);
    return total / 2;
}

// The gradients of the loss, a (dW, db) for each layer: the chain rule, last layer first.
std::vector<Layer> backward(const std::vector<Layer>& net, const std::vector<Matrix>& activations,
                            const Matrix& y) {
    Matrix da = activations.back();
    for (std::size_t i = 0; i < y.numbers.size(); i++) da.numbers[i] -= y.numbers[i];
    std::vector<Layer> gradients;
    for (int layer = net.size() - 1; layer >= 0; layer--) {
        const Matrix &W = net[layer].W, &a = activations[layer + 1], &x = activations[layer];
        Matrix dz = da, db(1, a.columns);
        for (int i = 0; i < a.rows; i++)
            for (int j = 0; j < a.columns; j++) {
                dz[i][j] = da[i][j] * a[i][j] * (1 - a[i][j]);
                db[0][j] += dz[i][j];
            }
        gradients.insert(gradients.begin(), {product(transposed(x), dz), db});
        if (layer > 0) da = product(dz, transposed(W));  // the images need no gradient
    }
    return gradients;
}

// A step of gradient descent.
void update(std::vector<Layer>& net, const std::vector<Layer>& gradients) {
    for (std::size_t layer = 0; layer < net.size(); layer++) {
        auto& [W, b] = net[layer];
        const auto& [dW, db] = gradients[layer];
        for (std::size_t i = 0; i < W.numbers.size(); i++) W.numbers[i] -= RATE * dW.numbers[i];
        for (std::size_t i = 0; i < b.numbers.size(); i++) b.numbers[i] -= RATE * db.numbers[i];
    }
}

Matrix rows(const Matrix& A, int start, int stop) {
    Matrix part(stop - start, A.columns);
    std::copy(A[start], A[stop], part[0]);
    return part;
}

// Learn from all images, a batch at a time; return their mean loss.
double epoch(std::vector<Layer>& net, const Matrix& images, const Matrix& targets, int batch) {
    double total = 0;
    for (int i = 0; i < images.rows; i += batch) {
        int stop = std::min(i + batch, images.rows);
        Matrix x = rows(images, i, stop), y = rows(targets, i, stop);
        auto activations = forward(net, x);
        total += loss(activations.back(), y);
        update(net, backward(net, activations, y));
    }
    return total / images.rows;
}

// Print the loss and the seconds of each epoch, of this process alone.
int main(int, char** arguments) {
    std::string folder = arguments[1], epochs = arguments[2], batch = arguments[3];
    auto [net, images, targets] = read(folder);
    std::cout.precision(17);
    for (int i = 0; i < std::stoi(epochs); i++) {
        std::clock_t start = std::clock();
        double mean = epoch(net, images, targets, std::stoi(batch));
        std::cout << mean << " " << double(std::clock() - start) / CLOCKS_PER_SEC << std::endl;
    }
}
