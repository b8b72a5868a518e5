# Answers in place of AWS. The tests need neither a network nor credentials.

mock_data "aws_region" {
  defaults = { id = "eu-west-1" }
}

mock_data "aws_caller_identity" {
  defaults = { account_id = "123456789012" }
}

mock_data "aws_partition" {
  defaults = { partition = "aws" }
}

mock_data "aws_s3_objects" {
  defaults = { keys = ["1/models/m-0/artifacts/MLmodel"] }
}

mock_data "aws_kinesis_stream" {
  defaults = {
    arn  = "arn:aws:kinesis:eu-west-1:123456789012:stream/theirs"
    name = "theirs"
  }
}

mock_resource "aws_iam_role" {
  defaults = { arn = "arn:aws:iam::123456789012:role/function" }
}

mock_resource "aws_sns_topic" {
  defaults = { arn = "arn:aws:sns:eu-west-1:123456789012:alarms" }
}

mock_resource "aws_lambda_function" {
  defaults = {
    arn     = "arn:aws:lambda:eu-west-1:123456789012:function:stream-predictor"
    version = "7"
  }
}

mock_data "aws_lambda_function" {
  defaults = { environment = [{ variables = { RUN_ID = "fedcba9876543210fedcba9876543210" } }] }
}

mock_resource "aws_lambda_alias" {
  defaults = { arn = "arn:aws:lambda:eu-west-1:123456789012:function:stream-predictor:live" }
}

mock_resource "aws_kinesis_stream" {
  defaults = { arn = "arn:aws:kinesis:eu-west-1:123456789012:stream/made" }
}

mock_resource "aws_s3_bucket" {
  defaults = { arn = "arn:aws:s3:::made" }
}
