# The repository for images, which `make push` fills.

resource "aws_ecr_repository" "function" {
  #checkov:skip=CKV_AWS_136:encrypted with kms_key_arn if given, otherwise with AES-256
  name                 = var.name
  image_tag_mutability = "IMMUTABLE"

  image_scanning_configuration {
    scan_on_push = true
  }

  encryption_configuration {
    encryption_type = var.kms_key_arn == null ? "AES256" : "KMS"
    kms_key         = var.kms_key_arn
  }
}

# Lambda needs the image of a version for as long as the version may be invoked. This keeps enough to roll
# back.
resource "aws_ecr_lifecycle_policy" "function" {
  repository = aws_ecr_repository.function.name
  policy = jsonencode({
    rules = [{
      rulePriority = 1
      description  = "Keep the last 50 images"
      selection    = { tagStatus = "any", countType = "imageCountMoreThan", countNumber = 50 }
      action       = { type = "expire" }
    }]
  })
}

resource "aws_ecr_repository_policy" "function" {
  repository = aws_ecr_repository.function.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "PullByTheFunction"
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
      Condition = { ArnLike = { "aws:SourceArn" = [local.function_arn, "${local.function_arn}:*"] } }
    }]
  })
}
